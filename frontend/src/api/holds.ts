/** What keeps documents from being shredded while a case is open: one of `document`, `user` and `team`. */
export interface LegalHold {
  id: string;
  /** A case number, in clear. */
  reference: string;
  document?: string;
  /** All that this person has and gets. */
  user?: string;
  /** All that this team has and gets. */
  team?: string;
  /** Id of an administrator. */
  set_by: string;
  created_at: string;
}

export interface LegalHoldList {
  legal_holds: LegalHold[];
  next: string | null;
}

/** One of the three, by id. */
export type Held = { document: string } | { user: string } | { team: string };

/** Somebody who has an account, as administrators see them. */
export interface Person {
  id: string;
  login: string;
  disabled_at: string | null;
}
