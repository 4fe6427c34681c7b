import type { Document } from '../api/types';

/**
 * Which documents are listed: all that are one's own and not in the trash, those of a folder or of none, those with a tag; or
 * those of others that are shared, all of them or those in a shared folder.
 */
export type Shelf =
  | { kind: 'all' }
  | { kind: 'folder'; id: string | null }
  | { kind: 'tag'; id: string }
  | { kind: 'shared'; id: string | null };

export const ALL: Shelf = { kind: 'all' };

const NONE: ReadonlySet<string> = new Set();

/** Whether a document is one of those; what belongs to one's own `teams` is shared by nobody. */
export function holds(shelf: Shelf, document: Document, teams: ReadonlySet<string> = NONE): boolean {
  if (document.trashed_at !== null) return false;
  const isOthers = document.owner.name !== null;
  if (shelf.kind === 'shared') return isOthers && !teams.has(document.owner.id) && (shelf.id === null || document.folder === shelf.id);
  if (isOthers) return false;
  if (shelf.kind === 'folder') return document.folder === shelf.id;
  return shelf.kind === 'all' || document.tags.includes(shelf.id);
}

/** The filters of the list, as the server takes them. */
export function filtersOf(shelf: Shelf): Record<string, string> {
  if (shelf.kind === 'all') return {};
  if (shelf.kind === 'shared') return { shared: 'with_me', ...(shelf.id === null ? {} : { folder: shelf.id }) };
  return shelf.kind === 'folder' ? { folder: shelf.id ?? 'none' } : { tag: shelf.id };
}

export const isSameShelf = (a: Shelf, b: Shelf) => JSON.stringify(filtersOf(a)) === JSON.stringify(filtersOf(b));
