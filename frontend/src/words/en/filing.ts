import type { Folder, Retention } from '../../api/filing';
import { count, formatNumber, formatPeriod } from '../format';

const countDocuments = (value: number) => count(value, 'document', 'documents');

/** "kept 10 years, then deleted". */
function rule({ keep_days: keep, delete_days: remove }: Retention): string {
  if (keep !== null && remove !== null) return `kept at least ${formatPeriod(keep)}, moved to the trash after ${formatPeriod(remove)}`;
  return keep === null ? `moved to the trash after ${formatPeriod(remove ?? 0)}` : `kept at least ${formatPeriod(keep)}`;
}

export const colours = ['Grey', 'Red', 'Orange', 'Yellow', 'Green', 'Teal', 'Blue', 'Violet', 'Pink'];

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
  documents: (value: number) => countDocuments(value),
  shown: (name: string, listed: number) => `${name}: ${listed === 0 ? 'no documents' : countDocuments(listed)}`,
  unfold: (name: string) => `Folders in ${name}`,
  noFolders: 'Folders keep documents together, and can say how long they are kept.',
  noTags: 'Tags mark documents across folders.',
};

export const folders = {
  new: 'New folder',
  newInside: 'New folder in it…',
  edit: 'Edit…',
  editTitle: 'Edit folder',
  name: 'Name',
  colour: 'Colour',
  parent: 'Inside',
  top: 'At the top',
  save: 'Save',
  make: 'Make folder',
  saving: 'Saving…',
  cancel: 'Cancel',
  path: 'Where this folder is',
  pageTitle: (name: string) => `${name} · UNTXT`,
  goneTitle: 'There is no such folder',
  goneText: 'It was deleted; its documents went to the folder it was in.',
  empty: 'No documents in this folder yet. What you drop now goes into it; others can be moved here with “File…”.',
  nothingLoose: 'Every document is in a folder.',
  remove: 'Delete folder…',
  removeTitle: 'Delete this folder?',
  /** What happens to what is in it, and to its rule. */
  removeText({ name, documents, retention }: Folder, inside: number, parent: Folder | undefined): string {
    const parts = [...(documents > 0 ? [countDocuments(documents)] : []), ...(inside > 0 ? [count(inside, 'folder', 'folders')] : [])];
    const to = parent === undefined ? 'the top, outside any folder' : `“${parent.name}”`;
    const content = parts.length === 0 ? 'It is empty.' : `No document is deleted: what is in it (${parts.join(' and ')}) moves to ${to}.`;
    const hasRule = retention.keep_days !== null || retention.delete_days !== null;
    return `“${name}” goes. ${content}${hasRule ? ` Its rule goes too: documents are no longer ${rule(retention)}.` : ''}`;
  },
  removeYes: 'Delete the folder',
  removeNo: 'Keep it',
  removing: 'Deleting…',
  removed: (name: string) => `The folder “${name}” was deleted. Its documents are still here.`,
};

export const retention = {
  open: 'Keep and delete…',
  title: (name: string) => `How long documents in “${name}” stay`,
  text: 'Counted from the upload. It also holds for the folders in it that have no rule of their own.',
  keep: 'Keep at least',
  keepHint: 'Until then nobody can delete a document for good; in the trash it waits.',
  remove: 'Delete after',
  removeHint: (trashDays: number) =>
    trashDays === 0 ? 'Then it is deleted for good, by itself.' : `Then it goes to the trash by itself, and ${count(trashDays, 'day', 'days')} later it is gone for good.`,
  unit: (label: string) => `${label}: unit`,
  days: 'days',
  years: 'years',
  empty: 'Leave empty for no rule.',
  backwards: '“Delete after” can’t be sooner than “Keep at least”.',
  rule: (own: Retention) => `Documents here are ${rule(own)}.`,
  inherited: (from: Retention, name: string) => `Documents here are ${rule(from)}, by the rule of “${name}”.`,
};

export const tags = {
  new: 'New tag',
  edit: 'Edit…',
  editTitle: 'Edit tag',
  name: 'Name',
  make: 'Make tag',
  add: 'Add',
  adding: 'New tag for this document',
  goneTitle: 'There is no such tag',
  goneText: 'It was deleted; the documents that had it are still here.',
  empty: 'No document has this tag yet. What you drop now gets it; others get it with “File…”.',
  remove: 'Delete tag…',
  removeTitle: 'Delete this tag?',
  removeText: (name: string, documents: number) =>
    `“${name}” goes. ${documents === 0 ? 'No document has it.' : `The documents that have it (${formatNumber(documents)}) stay and only lose the tag.`}`,
  removeYes: 'Delete the tag',
  removed: (name: string) => `The tag “${name}” was deleted. Its documents are still here.`,
  listName: (name: string) => `Tags of ${name}`,
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
