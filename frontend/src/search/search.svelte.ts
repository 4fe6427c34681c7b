import type { Api } from '../api/client';
import type { HitBox, SearchAnswer, SearchHit, SearchQuestion } from '../api/types';
import { ALL, type Shelf } from '../documents/shelf';
import { endOfDay, startOfDay } from './days';

/** A search that takes longer says so; a faster one only shows what it found. */
const SLOW_MS = 300;

/**
 * What somebody looks for, and what was found. It lives in memory and nowhere else: the words are document text, so
 * neither the address nor the history nor any storage of the browser gets to see them.
 */
export class Search {
  /** What stands in the field. */
  query = $state('');
  /** Days as `2026-03-14`, where the person is; empty for none. */
  from = $state('');
  to = $state('');
  /** Id of the folder to look in, and in those inside it; null: in all. */
  folder: string | null = $state(null);
  /** Ids; only documents that have all of these are looked into. */
  tags: string[] = $state([]);
  /** What the last search found, with all that was loaded since. */
  answer: SearchAnswer | null = $state.raw(null);
  /** Why the last search has no answer; what was found before is gone then. */
  problem: unknown = $state.raw(null);
  /** Why no more could be loaded; what was found stays. */
  moreProblem: unknown = $state.raw(null);
  isSearching = $state(false);
  isSlow = $state(false);
  isLoadingMore = $state(false);
  /** The hit that was opened last. */
  opened: SearchHit | null = $state.raw(null);
  /** The field that is on the screen; it gets the focus when somebody wants to search. */
  field: HTMLInputElement | null = null;

  isBackwards = $derived(this.from !== '' && this.to !== '' && this.from > this.to);

  #api: Api;
  #question: SearchQuestion | null = null;
  /** Breaks off what is on its way; a late answer never replaces a newer one. */
  #running = new AbortController();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Looks only at these from now on. */
  lookIn(shelf: Shelf): void {
    this.folder = shelf.kind === 'folder' || shelf.kind === 'shared' ? shelf.id : null;
    this.tags = shelf.kind === 'tag' ? [shelf.id] : [];
  }

  /** Looks for what stands in the field. What was found before stays until the answer is there. */
  async run(): Promise<void> {
    const query = this.query.trim();
    if (query === '') return this.reset();
    if (this.isBackwards) return;
    const signal = this.#start();
    const question = {
      query,
      ...(this.from === '' ? {} : { from: startOfDay(this.from) }),
      ...(this.to === '' ? {} : { to: endOfDay(this.to) }),
      ...(this.folder === null ? {} : { folder: this.folder }),
      ...(this.tags.length === 0 ? {} : { tags: [...this.tags] }),
    };
    this.isSearching = true;
    const slow = setTimeout(() => (this.isSlow = !signal.aborted), SLOW_MS);
    try {
      const answer = await this.#ask(question, signal);
      if (signal.aborted) return;
      this.#question = question;
      this.answer = answer;
      this.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      this.answer = null;
      this.problem = error;
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) this.#rest();
    }
  }

  /** Loads the pages after those that are shown; gives the first of them, null when there is none. */
  async more(): Promise<SearchHit | null> {
    const { answer } = this;
    const after = answer?.next ?? null;
    if (answer === null || after === null || this.#question === null || this.isLoadingMore || this.isSearching) return null;
    const { signal } = this.#running;
    this.isLoadingMore = true;
    this.moreProblem = null;
    try {
      const next = await this.#ask({ ...this.#question, after }, signal);
      if (signal.aborted) return null;
      // A page that was read meanwhile may have moved another one into the next part.
      const known = new Set(answer.hits.map(nameOf));
      const added = next.hits.filter((hit) => !known.has(nameOf(hit)));
      const is_complete = answer.is_complete && next.is_complete;
      this.answer = count({ ...answer, hits: [...answer.hits, ...added], is_complete, next: next.next });
      return added[0] ?? null;
    } catch (error) {
      if (!signal.aborted) this.moreProblem = error;
      return null;
    } finally {
      if (!signal.aborted) this.isLoadingMore = false;
    }
  }

  /** Empties the field and what was found; days, folder and tags stay as they were chosen. */
  reset(): void {
    this.#start();
    this.#rest();
    this.query = '';
    this.answer = null;
    this.problem = null;
    this.opened = null;
    this.#question = null;
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.reset();
    this.from = '';
    this.to = '';
    this.lookIn(ALL);
  }

  /** A document was deleted: it is found no more. */
  forget(document: string): void {
    if (this.answer === null) return;
    const hits = this.answer.hits.filter((hit) => hit.document.id !== document);
    const pages = Math.max(0, this.answer.total.pages - (this.answer.hits.length - hits.length));
    this.answer = { ...this.answer, hits, total: { ...this.answer.total, pages } };
    if (this.opened?.document.id === document) this.opened = null;
  }

  /** Whether somebody came to this document from what was found. */
  ledTo(document: string): boolean {
    return this.opened?.document.id === document;
  }

  /** Where the words stand on a page of the document that was opened from what was found, as that run read it. */
  boxesOn(document: string, page: number, task: string): HitBox[] {
    if (!this.ledTo(document)) return [];
    const isIt = (hit: SearchHit) => hit.document.id === document && hit.page === page && hit.task_id === task;
    return this.answer?.hits.find(isIt)?.boxes ?? [];
  }

  /** Asks until there is something to show: the server looks into so many pages at once, and some have not what was meant. */
  async #ask(question: SearchQuestion, signal: AbortSignal): Promise<SearchAnswer> {
    let answer = await this.#api.search(question, signal);
    while (answer.hits.length === 0 && answer.next !== null && !signal.aborted) {
      answer = await this.#api.search({ ...question, after: answer.next }, signal);
    }
    return answer;
  }

  #start(): AbortSignal {
    this.#running.abort();
    this.#running = new AbortController();
    this.moreProblem = null;
    this.isLoadingMore = false;
    return this.#running.signal;
  }

  #rest(): void {
    this.isSearching = false;
    this.isSlow = false;
  }
}

/** Once all were loaded it is known how many there are, unless some can't be found yet. */
function count(answer: SearchAnswer): SearchAnswer {
  const pages = answer.hits.length;
  return answer.next === null ? { ...answer, total: { pages, is_exact: answer.is_complete } } : answer;
}

/** Names a hit: a page is found once. */
export const nameOf = ({ document, page }: SearchHit) => `${document.id}/${page}`;
