import type { Folder } from '../../api/filing';
import { count, formatNumber } from '../format';
import { countDocuments, rule } from './filing';

/** What the dialogs about folders and tags say: with them, not with the first screen. */
export const colours = ['Grey', 'Red', 'Orange', 'Yellow', 'Green', 'Teal', 'Blue', 'Violet', 'Pink'];

export const folders = {
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
};

export const tags = {
  edit: 'Edit…',
  editTitle: 'Edit tag',
  name: 'Name',
  make: 'Make tag',
  add: 'Add',
  adding: 'New tag for this document',
  remove: 'Delete tag…',
  removeTitle: 'Delete this tag?',
  removeText: (name: string, documents: number) =>
    `“${name}” goes. ${documents === 0 ? 'No document has it.' : `The documents that have it (${formatNumber(documents)}) stay and only lose the tag.`}`,
  removeYes: 'Delete the tag',
  removed: (name: string) => `The tag “${name}” was deleted. Its documents are still here.`,
  listName: (name: string) => `Tags of ${name}`,
};
