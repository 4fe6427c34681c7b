import type { Retention } from '../../api/filing';
import { count, formatPeriod } from '../format';

export const countDocuments = (value: number) => count(value, 'document', 'documents');

/** "kept 10 years, then deleted". */
export function rule({ keep_days: keep, delete_days: remove }: Retention): string {
  if (keep !== null && remove !== null) return `kept at least ${formatPeriod(keep)}, moved to the trash after ${formatPeriod(remove)}`;
  return keep === null ? `moved to the trash after ${formatPeriod(remove ?? 0)}` : `kept at least ${formatPeriod(keep)}`;
}

export const places = {
  title: 'Folders and tags',
  open: 'Folders',
  close: 'Close',
  all: 'All documents',
  none: 'Not in a folder',
  folders: 'Folders',
  tags: 'Tags',
  trash: 'Trash',
  receipts: 'Deletion receipts',
  teams: 'Teams',
  holds: 'Legal holds',
  documents: (value: number) => countDocuments(value),
  shown: (name: string, listed: number) => `${name}: ${listed === 0 ? 'no documents' : countDocuments(listed)}`,
  unfold: (name: string) => `Folders in ${name}`,
  noFolders: 'Folders keep documents together, and can say how long they are kept.',
  noTags: 'Tags mark documents across folders.',
};

export const folders = {
  new: 'New folder',
  path: 'Where this folder is',
  pageTitle: (name: string) => `${name} · UNTXT`,
  goneTitle: 'There is no such folder',
  goneText: 'It was deleted; its documents went to the folder it was in.',
  empty: 'No documents in this folder yet. What you drop now goes into it; others can be moved here with “File…”.',
  nothingLoose: 'Every document is in a folder.',
};

export const retention = {
  rule: (own: Retention) => `Documents here are ${rule(own)}.`,
  inherited: (from: Retention, name: string) => `Documents here are ${rule(from)}, by the rule of “${name}”.`,
};

export const tags = {
  new: 'New tag',
  goneTitle: 'There is no such tag',
  goneText: 'It was deleted; the documents that had it are still here.',
  empty: 'No document has this tag yet. What you drop now gets it; others get it with “File…”.',
};

export const filing = {
  open: 'File…',
  openNamed: (name: string) => `File… ${name}`,
  title: 'File this document',
  folder: 'Folder',
  none: 'Not in a folder',
  tags: 'Tags',
  noTags: 'There are no tags yet.',
  save: 'Save',
  saving: 'Saving…',
  cancel: 'Cancel',
  inFolder: (name: string) => `Folder ${name}`,
  withTag: (name: string) => `Tag ${name}`,
  moved: (name: string, folder: string | undefined) => (folder === undefined ? `“${name}” is in no folder now.` : `“${name}” was moved to “${folder}”.`),
  filed: (name: string) => `“${name}” was filed.`,
  tagged: (name: string, tag: string) => `“${name}” has the tag “${tag}” now.`,
  hasTag: (name: string, tag: string) => `“${name}” has the tag “${tag}” already.`,
  undo: 'Undo',
  undoing: 'One moment…',
  dismiss: 'Dismiss',
  into: (name: string) => `Goes into “${name}”.`,
  tagInto: (name: string) => `Gets the tag “${name}”.`,
};
