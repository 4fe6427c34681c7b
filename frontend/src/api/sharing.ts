/** What the server sends about what is shared, and with whom. */

/** Each has those before it: to see and download, to have read again and choose results, to do everything. */
export type Right = 'read' | 'correct' | 'manage';

/** Whose something is. */
export interface Owner {
  id: string;
  /** A login, or the name of a team; null: it is one's own. */
  name: string | null;
}

export interface Share {
  id: string;
  with: { kind: 'person' | 'team'; id: string; name: string };
  right: Right;
  created_at: string;
  /** It ends then by itself. */
  ends_at: string | null;
  /** It is as if it were not there until then. */
  paused_until: string | null;
}

/** With whom to share: one of `login` and `team`. */
export interface ShareWish {
  login?: string;
  team?: string;
  right: Right;
  ends_at?: string | null;
  paused_until?: string | null;
}

/** What is shared. */
export interface Shareable {
  kind: 'documents' | 'folders';
  id: string;
  name: string;
}

/** A folder of somebody else. */
export interface SharedFolder {
  id: string;
  /** The folder it lies in, if that is shared too. */
  parent: string | null;
  name: string;
  colour: string;
  owner: Owner;
  right: Right;
}
