/** What the server sends about folders, tags, the trash and receipts. */

/** Where a document is filed; what is left out stays as it is. */
export interface Filing {
  folder?: string | null;
  /** All of them, not only new ones. */
  tags?: string[];
}

/** Where an upload goes: to a place of one's own, or to a team, which has no folders and no tags. */
export interface Destination extends Filing {
  team?: string;
}

/** What became of a document. */
export type DocumentChange = 'trashed' | 'restored' | 'deleted';

/** How long the documents of a folder stay, in days after their upload; null for no rule of its own. */
export interface Retention {
  /** Not deleted for good before, whoever asks. */
  keep_days: number | null;
  /** Moved to the trash then. */
  delete_days: number | null;
}

export interface Folder {
  id: string;
  /** The folder it lies in; null: at the top. */
  parent: string | null;
  name: string;
  /** `#rrggbb`. */
  colour: string;
  retention: Retention;
  /** Those directly in it, without the trash. */
  documents: number;
  created_at: string;
}

/** What a folder is made with, or changed to; what is left out is as it was. */
export interface FolderWish {
  name?: string;
  parent?: string | null;
  colour?: string;
  retention?: Retention;
}

export interface Tag {
  id: string;
  name: string;
  /** `#rrggbb`. */
  colour: string;
  documents: number;
  created_at: string;
}

/** What became of the documents in the trash when it was emptied. */
export interface Emptied {
  shredded: number;
  /** Those that a rule keeps. */
  retained: number;
}

/** Proof that a document was deleted for good. */
export interface Receipt {
  document: string;
  reason: 'person' | 'trash' | 'retention' | 'import';
  requested_at: string;
  /** Id of who asked; null: a rule did. */
  requested_by: string | null;
  shredded_at: string;
  /** `removing`: its key is gone, its encrypted objects are being removed; the receipt is signed when none is left. */
  state: 'removing' | 'signed';
  /** The signed bytes, base64: JSON that says how many objects were removed, and when. */
  receipt: string | null;
  signature: string | null;
  signing_key: string | null;
}

export interface ReceiptList {
  receipts: Receipt[];
  next: string | null;
}
