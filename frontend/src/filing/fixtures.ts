import type { Folder, Receipt, Tag } from '../api/filing';

/** A folder without a rule, for tests. */
export function aFolder(id: string, more: Partial<Folder> = {}): Folder {
  const retention = { keep_days: null, delete_days: null };
  return { id, parent: null, name: id, colour: '#7b8087', retention, documents: 0, created_at: '2026-11-22T10:00:00Z', ...more };
}

/** A tag, for tests. */
export const aTag = (id: string, more: Partial<Tag> = {}): Tag => ({
  id, name: id, colour: '#7b8087', documents: 0, created_at: '2026-11-22T10:00:00Z', ...more,
});

/** A receipt that is not signed yet, for tests. */
export const aReceipt = (document: string, more: Partial<Receipt> = {}): Receipt => ({
  document,
  reason: 'person',
  requested_at: '2026-11-22T10:00:00Z',
  requested_by: 'user-1',
  shredded_at: '2026-11-22T10:00:00Z',
  state: 'removing',
  receipt: null,
  signature: null,
  signing_key: null,
  ...more,
});
