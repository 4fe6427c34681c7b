import type { Document, Failure, PageState, PageSummary, Place, Task, TaskEvent, TaskState } from '../api/types';

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
  tile: Tile;
  failure: Failure | null;
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

  constructor(document: Document) {
    this.document = document;
    this.#place = document.task.place ?? null;
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

  /** How long the rest will take at the pace so far; null when nobody can know. */
  get secondsLeft(): number | null {
    const { state, started_at: startedAt, pages } = this.task;
    const ended = pages.done + pages.failed;
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

  /** Takes the server's list of pages; a page that has ended here stays ended. */
  mergePages(pages: PageSummary[]): void {
    this.#growTo(pages.length);
    for (const summary of pages) {
      const page = this.pages[summary.page - 1];
      if (page === undefined) continue;
      const mean = summary.mean_confidence ?? 1;
      const low = mean > 0 && mean < LOW_CONFIDENCE;
      this.#turn(page, tileOf(summary.state, low));
      page.failure = summary.failure ?? page.failure;
    }
    this.hasPages = true;
  }

  /** Applies the next event. `gap`: events before this one are missing and have to be fetched first. */
  apply(event: TaskEvent): Outcome {
    if (event.task !== this.task.id || event.seq <= this.task.last_seq) return 'old';
    if (event.seq > this.task.last_seq + 1) return 'gap';
    const wasLow = this.task.pages.low;
    this.document = { ...this.document, task: advance(this.task, event) };
    if (event.type === 'page.done' || event.type === 'page.failed') this.#lastEventAt = event.at;
    this.#growTo(event.pages.total);
    this.#turnPage(event, event.pages.low > wasLow);
    if (event.state === 'cancelled') this.#stopPages();
    return 'applied';
  }

  #turnPage(event: TaskEvent, low: boolean): void {
    const page = event.page === undefined ? undefined : this.pages[event.page - 1];
    if (page === undefined) return;
    if (event.type === 'page.done') this.#turn(page, low ? 'check' : 'done');
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
      this.pages.push({ page: this.pages.length + 1, tile: 'waiting', failure: null });
    }
  }
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
