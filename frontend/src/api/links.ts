/** What the server sends about public links. */

/** The scan with its text, what was read, the file as it was uploaded. */
export type LinkFormat = 'pdf' | 'text' | 'original';

export type LinkState = 'good' | 'expired' | 'used_up' | 'locked' | 'ended' | 'void';

/** A link as those see it who may end it. */
export interface PublicLink {
  id: string;
  state: LinkState;
  what: LinkFormat[];
  has_password: boolean;
  /** How often it may be opened; null: as often as one likes. */
  uses: number | null;
  used: number;
  created_at: string;
  expires_at: string;
}

export interface LinkWish {
  expires_at: string;
  what: LinkFormat[];
  password: string | null;
  uses: number | null;
}

/** Its address is told once. */
export type MadeLink = PublicLink & { url: string };

/** The document of a link, for whoever opened it. */
export interface LinkedDocument {
  /** Which link was opened; what is asked for says so, and is never of another that this browser opened meanwhile. */
  link: string;
  name: string;
  pages: number;
  size_bytes: number;
  what: LinkFormat[];
  /** Then it has to be opened again. */
  expires_at: string;
}
