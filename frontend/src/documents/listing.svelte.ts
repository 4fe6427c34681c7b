import type { Document, DocumentList } from '../api/types';
import type { DocumentEntry } from './document_entry.svelte';
import type { Shelf } from './shelf';

/** How much of a list of documents has been loaded. Another list, or another person, begins with a new one. */
export class Listing {
  hasLoaded = $state(false);
  isLoading = $state(false);
  problem: unknown = $state.raw(null);
  /** Where older documents go on; null: there are none. */
  next: string | null = $state(null);
  readonly shelf: Shelf;

  /** While there are older ones: the oldest that was loaded. What is older is known by chance, and not listed. */
  #oldest: Document | null = $state.raw(null);

  constructor(shelf: Shelf) {
    this.shelf = shelf;
  }

  /** Loads something, and keeps what went wrong. */
  async load(work: () => Promise<void>): Promise<void> {
    this.isLoading = true;
    try {
      await work();
      this.problem = null;
    } catch (error) {
      this.problem = error;
    } finally {
      this.isLoading = false;
    }
  }

  reach({ documents, next }: DocumentList): void {
    this.next = next;
    this.#oldest = next === null ? null : (documents.at(-1) ?? null);
  }

  /** What was in the range of the answer but not in it was deleted, or filed, elsewhere. */
  vanished(list: DocumentEntry[], { documents, next }: DocumentList, askedAt: number): DocumentEntry[] {
    const present = new Set(documents.map(({ id }) => id));
    const oldest = documents.at(-1);
    const isInRange = (document: Document) => next === null || (oldest !== undefined && newestFirst(document, oldest) <= 0);
    return list.filter(({ document, addedAt }) => isInRange(document) && addedAt < askedAt && !present.has(document.id));
  }

  isInReach(document: Document): boolean {
    return this.#oldest === null || newestFirst(document, this.#oldest) <= 0;
  }
}

/** Ids are time-ordered (UUID version 7), so they break ties. */
export function newestFirst(a: Document, b: Document): number {
  if (a.created_at !== b.created_at) return Date.parse(b.created_at) - Date.parse(a.created_at);
  return a.id < b.id ? 1 : -1;
}
