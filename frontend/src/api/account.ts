import type { User } from './types';

/** One's own account. */
export interface Account extends User {
  /** Where links to a new password go. */
  mail: string | null;
  second_factor: { since: string; recovery_codes: number } | null;
  /** The rules of this server ask this person for one. */
  needs_second_factor: boolean;
  /** How many passkeys let this person in. */
  passkeys: number;
}

/** What one has used of this server, and may use. */
export interface Usage {
  /** Read this month, and waiting to be read. */
  pages: number;
  /** Null: as many as one likes. */
  pages_per_month: number | null;
  next_month: string;
  bytes: number;
  max_bytes: number | null;
}

/** What an authenticator app has to know. */
export interface Enrolment {
  secret: string;
  /** For the picture that the app reads. */
  address: string;
}

/** Where one is logged in. */
export interface OpenSession {
  id: string;
  device: string | null;
  created_at: string;
  last_used_at: string;
  is_current: boolean;
}

/** What a provider of logins calls somebody, tied to their account. */
export interface Identity {
  id: string;
  /** Its id; the provider may be gone. */
  provider: string;
  created_at: string;
  last_used_at: string | null;
}

/** A key in a device that lets its person in. */
export interface Passkey {
  id: string;
  /** What its person calls it. */
  name: string;
  created_at: string;
  last_used_at: string | null;
}

export const SCOPES = [
  'documents:read',
  'documents:write',
  'documents:delete',
  'tasks:read',
  'tasks:write',
  'search',
  'audit:read',
  'queue',
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a program logs in with. */
export interface Token {
  id: string;
  name: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string;
  last_used_at: string | null;
}

export interface TokenWish {
  name: string;
  scopes: Scope[];
  expires_in_days: number;
}
