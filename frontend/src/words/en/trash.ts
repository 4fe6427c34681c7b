import type { Emptied, Receipt } from '../../api/filing';
import { count, formatDay } from '../format';

const countDocuments = (value: number) => count(value, 'document', 'documents');

const REASONS: Record<Receipt['reason'], string> = {
  person: 'Deleted by a person',
  trash: 'Its time in the trash was over',
  retention: 'Deleted by a folder’s rule',
  import: 'Left out when a backup was restored',
};

export const trash = {
  title: 'Trash',
  pageTitle: 'Trash · UNTXT',
  listName: 'Documents in the trash',
  loading: 'Loading the trash…',
  more: 'Show more',
  explain: (days: number) =>
    `Documents stay here for ${count(days, 'day', 'days')}, then they are deleted for good. Until then nobody can read or find them, and you can take them back.`,
  emptyTitle: 'The trash is empty',
  trashed: (moment: string) => `in the trash since ${moment}`,
  stays: (day: string) => `Deleted for good on ${formatDay(day)}`,
  kept: (day: string) => `A rule of its folder keeps it until ${formatDay(day)}: it can’t be deleted for good before.`,
  restore: 'Restore',
  restoreNamed: (name: string) => `Restore ${name}`,
  restoring: 'Restoring…',
  shredTitle: 'Delete this document forever?',
  shredText: (name: string) =>
    `“${name}”, its page images, its text and what search knows of it go. The key that could decrypt them is destroyed at once. This can’t be undone. You get a signed receipt.`,
  shredYes: 'Delete forever',
  shredNo: 'Keep it',
  shredding: 'Deleting…',
  held: 'A legal hold keeps this document: it can’t be deleted for good before an administrator lifts the hold. It can stay in the trash until then.',
  shredded: (name: string) => `“${name}” was deleted forever.`,
  empty: 'Empty the trash…',
  emptyAsk: 'Empty the trash?',
  emptyText: (documents: number, isAll: boolean, kept: number) =>
    `${isAll ? (documents === 1 ? 'The document' : `All ${countDocuments(documents)}`) : 'All documents'} in the trash go forever: page images, text and keys. This can’t be undone.${
      kept === 0 ? '' : ` What a folder’s rule keeps (${countDocuments(kept)}) stays.`
    }`,
  emptyYes: 'Delete forever',
  emptyNo: 'Keep them',
  emptied: ({ shredded, retained }: Emptied) =>
    `${countDocuments(shredded)} deleted forever.${retained === 0 ? '' : ` ${countDocuments(retained)} stay: a rule or a legal hold keeps them.`}`,
  isTrashedTitle: 'This document is in the trash',
  isTrashedText: (day: string) => `Until ${formatDay(day)} it can be taken back. Nobody can read it before that.`,
  open: 'Go to the trash',
};

export const receipts = {
  title: 'Deletion receipts',
  pageTitle: 'Deletion receipts · UNTXT',
  explain:
    'For every document that was deleted forever there is a receipt, signed when the last of its encrypted files is removed. It holds no name and no word of the document, only its number. “untxt receipts verify” checks it without this server.',
  none: 'Nothing was deleted forever yet.',
  loading: 'Loading the receipts…',
  more: 'Show older receipts',
  listName: 'Receipts',
  all: 'All receipts',
  document: 'Document',
  copyHint: 'Its number',
  reason: (receipt: Receipt) => REASONS[receipt.reason],
  removing: 'Key destroyed; its files are being removed',
  signed: 'Signed',
  signedWith: (objects: number) => `Signed: ${count(objects, 'file', 'files')} removed`,
  waiting: (name: string) => `“${name}” was deleted forever: its key is destroyed. The receipt is signed when the last of its files is removed.`,
  download: 'Receipt (JSON)',
  downloadNamed: (id: string) => `Download the receipt of ${id}`,
};
