import type { Document, Failure, OtherResult, PageState, PageSummary, Place, Task, TaskEvent, TaskState } from '../api/types';

/** Below this mean confidence a page is one to check, as on the server; 0 means that it has no words at all. */
const LOW_CONFIDENCE = 0.7;

const FINAL: ReadonlySet<TaskState> = new Set(['done', 'done_with_errors', 'failed', 'cancelled']);

export const isFinal = (state: TaskState) => FINAL.has(state);

/** A task that nobody has begun with for this long needs a word about why. */
const LONG_WAIT_MS = 30_000;

/** Seconds that a task has been waiting, once that is long; null before. Coarse, so that it does not tick. */
export function waitsTooLong(task: Task, now: number): number | null {
  const waitedMs = now - Date.parse(task.created_at);
  if (task.state !== 'queued' || waitedMs < LONG_WAIT_MS) return null;
  return Math.floor(waitedMs / 10_000) * 10;
}

/** How a page looks in the strip. */
export type Tile = 'waiting' | 'reading' | 'done' | 'check' | 'failed' | 'stopped';

const ENDED: ReadonlySet<Tile> = new Set(['done', 'check', 'failed', 'stopped']);

export interface Page {
  page: number;
  /** What it shows. */
  tile: Tile;
  /** How reading it again goes while it shows an older result; null: it is not read again. */
  again: 'waiting' | 'reading' | 'failed' | null;
  failure: Failure | null;
  /** The run whose result it shows; null as long as nobody said. */
  task: string | null;
  confidence: number | null;
  other: OtherResult | null;
}

export type Outcome = 'applied' | 'old' | 'gap';

/** One document on the screen, moved on by numbered events. Old news never undoes newer news. */
export class DocumentEntry {
  document: Document = $state.raw() as Document;
  /** Empty until the pages are known. */
  pages: Page[] = $state([]);
  /** True once the server's own list of pages was merged in. */
  hasPages = $state(false);
  /** Our own clock; answers that were asked for before can't know of this document. */
  readonly addedAt = Date.now();
  #lastEventAt: string | null = $state(null);
  #place: Place | null = $state.raw(null);

  /** The task that the tiles tell of. */
  #tilesOf: string;

  constructor(document: Document) {
    this.document = document;
    this.#place = document.task.place ?? null;
    this.#tilesOf = document.task.id;
    this.#growTo(document.task.pages.total);
  }

  get task(): Task {
    return this.document.task;
  }

  get isFinal(): boolean {
    return isFinal(this.task.state);
  }

  /** Where it stands in its queue; null when it has no pages to be read, or nobody has said so yet. */
  get place(): Place | null {
    return this.isFinal || this.task.state === 'finishing' ? null : this.#place;
  }

  stands(place: Place | null): void {
    this.#place = place;
  }

  /** How many pages have no text, once the task has ended. */
  get unread(): number {
    const { total, done } = this.task.pages;
    return this.isFinal ? total - done : 0;
  }

  /** Whether there is a searchable PDF, and whether it is of what the document shows. */
  get pdf(): 'current' | 'older' | 'none' {
    const { pdf_task: ofTask } = this.document;
    if (ofTask !== null) return ofTask === this.task.id ? 'current' : 'older';
    // The events of a first reading tell of its end, and of what went wrong with it.
    const { is_rerun: isRerun, state, failure, pages } = this.task;
    const isMade = !isRerun && (state === 'done' || (state === 'done_with_errors' && failure === null));
    return isMade && pages.done > 0 ? 'current' : 'none';
  }

  /** How long the rest will take at the pace so far; null when nobody can know. */
  get secondsLeft(): number | null {
    const { state, started_at: startedAt, pages } = this.task;
    const ended = pages.done + pages.failed;
    // what was read before counts as done in no time
    if (this.task.is_rerun) return null;
    if (state !== 'processing' || startedAt === null || this.#lastEventAt === null || ended < 2) return null;
    const spentMs = Date.parse(this.#lastEventAt) - Date.parse(startedAt);
    return Math.max(0, (spentMs / ended) * (pages.total - ended)) / 1_000;
  }

  /** Takes the server's picture, unless what we know is newer. */
  merge(document: Document): void {
    this.#place = document.task.place ?? this.#place;
    const newer = document.task.id !== this.task.id || document.task.last_seq >= this.task.last_seq;
    this.document = newer ? document : { ...document, task: this.task };
    this.#growTo(this.task.pages.total);
  }

  /** Takes the server's list of pages; a page that has ended here stays ended, unless another run began. */
  mergePages(pages: PageSummary[]): void {
    const isOtherRun = this.#tilesOf !== this.task.id;
    this.#tilesOf = this.task.id;
    this.#growTo(pages.length);
    for (const summary of pages) {
      const page = this.pages[summary.page - 1];
      if (page === undefined) continue;
      const mean = summary.mean_confidence ?? 1;
      const low = mean > 0 && mean < LOW_CONFIDENCE;
      if (isOtherRun) page.tile = tileOf(summary.state, low);
      else this.#turn(page, tileOf(summary.state, low));
      page.failure = summary.reread?.failure ?? summary.failure ?? (isOtherRun ? null : page.failure);
      page.again = againOf(summary);
      page.task = summary.task;
      page.confidence = summary.mean_confidence;
      page.other = summary.other;
    }
    this.hasPages = true;
  }

  /** Takes everything but how the reading goes: the events tell that. */
  describe(document: Document): void {
    this.document = { ...document, task: this.task };
  }

  /** Applies the next event. `gap`: events before this one are missing and have to be fetched first. */
  apply(event: TaskEvent): Outcome {
    if (event.task !== this.task.id || event.seq <= this.task.last_seq) return 'old';
    if (event.seq > this.task.last_seq + 1) return 'gap';
    const wasLow = this.task.pages.low;
    this.document = { ...this.document, task: advance(this.task, event) };
    if (/^page\.(done|failed|kept)$/.test(event.type)) this.#lastEventAt = event.at;
    this.#growTo(event.pages.total);
    this.#turnPage(event, event.pages.low > wasLow);
    if (event.state === 'cancelled') this.#stopPages();
    return 'applied';
  }

  #turnPage(event: TaskEvent, low: boolean): void {
    const page = event.page === undefined ? undefined : this.pages[event.page - 1];
    if (page === undefined) return;
    // A page with an older result goes on showing it; the list of pages says which one it shows in the end.
    if (page.again !== null) {
      if (event.type === 'page.started' || event.type === 'page.retried') page.again = 'reading';
      else page.again = event.type === 'page.kept' ? 'failed' : null;
    } else if (event.type === 'page.done') this.#turn(page, low ? 'check' : 'done');
    else if (event.type === 'page.failed') this.#turn(page, 'failed');
    else if (event.type === 'page.started' || event.type === 'page.retried') this.#turn(page, 'reading');
    if (event.failure) page.failure = event.failure;
  }

  /** What was not read when the task was stopped never will be. */
  #stopPages(): void {
    for (const page of this.pages) if (!ENDED.has(page.tile)) page.tile = 'stopped';
  }

  #turn(page: Page, tile: Tile): void {
    if (!ENDED.has(page.tile) || ENDED.has(tile)) page.tile = tile;
  }

  #growTo(total: number): void {
    while (this.pages.length < total) {
      const page = this.pages.length + 1;
      this.pages.push({ page, tile: 'waiting', again: null, failure: null, task: null, confidence: null, other: null });
    }
  }
}

/** How a page looks in a strip: a page that is read again moves, though it shows its older result. */
export function lookOf(page: Page): Tile {
  return page.again === 'waiting' || page.again === 'reading' ? page.again : page.tile;
}

function againOf({ reread }: PageSummary): Page['again'] {
  if (reread === null) return null;
  if (reread.state === 'processing') return 'reading';
  return reread.state === 'failed' ? 'failed' : 'waiting';
}

function tileOf(state: PageState, low: boolean): Tile {
  if (state === 'done') return low ? 'check' : 'done';
  if (state === 'failed') return 'failed';
  if (state === 'cancelled') return 'stopped';
  return state === 'processing' ? 'reading' : 'waiting';
}

function advance(task: Task, event: TaskEvent): Task {
  const aboutTask = event.page === undefined;
  return {
    ...task,
    state: event.state,
    pages: event.pages,
    last_seq: event.seq,
    failure: aboutTask ? (event.failure ?? task.failure) : task.failure,
    started_at: event.type === 'task.started' ? event.at : task.started_at,
    ended_at: isFinal(event.state) ? (task.ended_at ?? event.at) : task.ended_at,
  };
}

/** Ids are time-ordered, so a task that is not known yet is the later one. */
export function isOfLaterTask(event: TaskEvent, entry: DocumentEntry): boolean {
  return event.task > entry.task.id;
}
