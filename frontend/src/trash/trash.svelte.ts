import type { Api } from '../api/client';
import { missing } from '../api/problem';
import type { Emptied } from '../api/filing';
import type { Document } from '../api/types';

/** What is in the trash, as the server lists it. */
export class Trash {
  list: Document[] = $state.raw([]);
  next: string | null = $state(null);
  hasLoaded = $state(false);
  isLoading = $state(false);
  problem: unknown = $state.raw(null);

  #api: Api;
  /** Rises with every question and every change of person: a late answer never replaces a newer one. */
  #asked = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  load = () => this.#ask(null);
  loadMore = () => (this.next === null || this.isLoading ? Promise.resolve() : this.#ask(this.next));

  /** Deletes a document for good. */
  async shred(id: string): Promise<void> {
    await this.#api.shredDocument(id).catch(missing);
    this.forget(id);
  }

  /** Deletes for good what no rule keeps; what is left is listed when this is done. */
  async empty(): Promise<Emptied> {
    const emptied = await this.#api.emptyTrash();
    await this.load();
    return emptied;
  }

  /** A document is not in the trash any more. */
  forget(id: string): void {
    this.list = this.list.filter((document) => document.id !== id);
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#asked += 1;
    this.list = [];
    this.next = null;
    this.hasLoaded = false;
    this.isLoading = false;
    this.problem = null;
  }

  async #ask(before: string | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.isLoading = true;
    try {
      const answer = await this.#api.listDocuments(before, { trash: 'true' });
      if (asked !== this.#asked) return;
      const known = new Set(answer.documents.map(({ id }) => id));
      this.list = before === null ? answer.documents : [...this.list.filter(({ id }) => !known.has(id)), ...answer.documents];
      this.next = answer.next;
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    } finally {
      if (asked === this.#asked) this.isLoading = false;
    }
  }
}

/** Whether a rule keeps a document from being deleted for good. */
export const isKept = ({ keep_until: until }: Document, now: number) => until !== null && Date.parse(until) > now;
