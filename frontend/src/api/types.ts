import type { Owner, Right } from './sharing';

// What the server sends. The same nouns and states as everywhere else in the product.
export type TaskState =
  | 'queued'
  | 'inspecting'
  | 'processing'
  | 'finishing'
  | 'done'
  | 'done_with_errors'
  | 'failed'
  | 'cancelled';

export type PageState = 'queued' | 'processing' | 'done' | 'failed' | 'cancelled';

export interface User {
  id: string;
  login: string;
  role: string;
}

export interface SessionAnswer {
  user: User;
  /** When the session ends at the latest, whatever happens. */
  expires_at: string;
  /** A second factor has to be set up before anything else. */
  must_enrol: boolean;
}

/** The password was right, and the login goes on with a code. */
export interface CodeWanted {
  pending: string;
  expires_at: string;
}

export interface Limits {
  max_file_bytes: number;
  max_pages: number;
  allowed_types: string[];
  /** What is read when nobody says; `auto` alone: it is found out. */
  languages: string[];
  installed_languages: string[];
  /** How many days a document stays in the trash; 0: there is none, and deleting is for good. */
  trash_days: number;
  /** Whether a forgotten password can be replaced by a link in a mail. */
  sends_mail: boolean;
  /** How many days a public link lasts at most; 0: there are none. */
  link_days: number;
  /** Who else says who somebody is. */
  providers: Provider[];
  /** Passkeys can let somebody in here. */
  passkeys: boolean;
  /** Passwords and passkeys let in administrators only. */
  sso_only: boolean;
}

/** A service that people log in with. */
export interface Provider {
  id: string;
  label: string;
}

/** Why a document or a page could not be read, and what to do about it. */
export interface Failure {
  code: string;
  sentence: string;
  advice: string;
}

/** `total` is 0 until the document was inspected; `low` counts pages among `done`. */
export interface PageCounters {
  total: number;
  done: number;
  failed: number;
  low: number;
}

/** Where a task stands in its queue; null when it has no pages to be read. */
export interface Place {
  pages_before: number;
  /** Until its last page is read; null while nobody can know. */
  eta_seconds: number | null;
  workers_alive: number;
  note: string | null;
}

/** What is going on over all owners; each list has 200 rows at most, the totals tell of the rest. */
export interface Queue {
  totals: QueueTotals;
  workers: QueueWorker[];
  tasks: QueueTask[];
  dead_letters: DeadLetter[];
}

export interface QueueTotals {
  workers: number;
  slots: number;
  open_tasks: number;
  /** Nobody has them, and none of their pages is being read. */
  waiting_tasks: number;
  longest_wait_seconds: number | null;
  dead_letters: number;
}

export interface QueueWorker {
  id: string;
  version: string;
  /** How many pages it reads at once. */
  slots: number;
  /** Mean of its last pages; null before the first. */
  page_seconds: number | null;
  dropped_entries: number;
}

export interface QueueTask {
  id: string;
  /** Login of whose it is. */
  owner: string;
  queue: 'interactive' | 'bulk';
  state: TaskState;
  /** `total` is 0 as long as nobody has opened it. */
  pages: { total: number; ended: number; in_work: number };
  age_seconds: number;
  /** How long whoever has it may keep it without a word. */
  held_seconds: number | null;
  /** How long nobody will look at it, because something did not answer. */
  paused_seconds: number | null;
}

/** Something that was given up, and that nobody had read again since. */
export interface DeadLetter {
  task: string;
  /** Null: the document as a whole. */
  page: number | null;
  failure: Failure;
  attempts: number;
  at: string;
}

/** How a document is read. */
export interface ReadingSettings {
  /** `auto`, or codes joined by plus signs. */
  languages: string;
  preset: string;
  text_mode: string;
}

export interface Task {
  id: string;
  state: TaskState;
  pages: PageCounters;
  last_seq: number;
  failure: Failure | null;
  place?: Place | null;
  settings: ReadingSettings;
  /** The document was read before; what is not read again stays as it is. */
  is_rerun: boolean;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface Document {
  id: string;
  name: string;
  owner: Owner;
  /** What one may do with it. */
  right: Right;
  media_type: string;
  size_bytes: number;
  sha256: string;
  created_at: string;
  task: Task;
  /** The run whose searchable PDF can be downloaded; another one than `task`: it is of an older reading. */
  pdf_task: string | null;
  /** The folder it lies in; null: in none. */
  folder: string | null;
  /** Ids of its tags. */
  tags: string[];
  /** When it was moved to the trash; null: it is not there. */
  trashed_at: string | null;
  /** When it is deleted for good; null as long as it is not in the trash. */
  shred_at: string | null;
  /** It is not deleted for good before; null: no rule keeps it. */
  keep_until: string | null;
}

export interface DocumentList {
  documents: Document[];
  next: string | null;
}

export interface PageSummary {
  page: number;
  state: PageState;
  width: number | null;
  height: number | null;
  dpi: number | null;
  mean_confidence: number | null;
  failure: Failure | null;
  /** The run whose result is shown. */
  task: string;
  /** How reading it again goes, while an older result is shown. */
  reread: { state: PageState; failure: Failure | null } | null;
  other: OtherResult | null;
}

/** A result that could be shown instead of the one that is. */
export interface OtherResult {
  task: string;
  mean_confidence: number;
  is_newer: boolean;
  /** It seems worse, and nobody has chosen yet. */
  is_undecided: boolean;
}

/** What is to be read again, and how; what is left out is as it was at the upload. */
export interface Wish {
  pages: 'failed' | 'all' | number[];
  languages?: string;
  preset?: string;
  text?: string;
}

export interface Word {
  text: string;
  /** 0 to 1. */
  confidence: number;
  /** Left, top, right, bottom in pixels of the page image; origin top left. */
  box: [number, number, number, number];
  line: number;
  block: number;
  /** Someone should look at it: the server decides, and is stricter with digits. */
  is_doubtful: boolean;
}

export interface PageContent {
  page: number;
  /** The run that read it. */
  task: string;
  width: number;
  height: number;
  dpi: number;
  rotation_applied: number;
  mean_confidence: number;
  words: Word[];
  text: string;
  engine: string;
  /** Languages it was read with. */
  languages?: { code: string }[];
}

/** What to look for: words, `"a phrase"`, `OR`, `-word`, `word*`. */
export interface SearchQuestion {
  query: string;
  /** Documents that were uploaded then or later. */
  from?: string;
  /** Documents that were uploaded before. */
  to?: string;
  /** Only in this folder and those inside it. */
  folder?: string;
  /** Only documents that have all of these. */
  tags?: string[];
  limit?: number;
  /** The `next` of the answer that is to be gone on with. */
  after?: string;
}

export interface SearchAnswer {
  /** How the server understood the question. */
  terms: SearchTerm[];
  /** One for each page, the best first. */
  hits: SearchHit[];
  /** Not exact: nobody has looked into all of them, and they may be fewer; beyond 1,000, more. */
  total: { pages: number; is_exact: boolean };
  /** False: some pages are not in the index yet, and may have what was asked for. */
  is_complete: boolean;
  /** There may be more although there are no hits in this part. */
  next: string | null;
}

export interface SearchTerm {
  text: string;
  kind: 'word' | 'prefix' | 'phrase';
  excluded: boolean;
}

/** A page that has the words. */
export interface SearchHit {
  document: { id: string; name: string; owner: Owner };
  /** The run whose result was searched. */
  task_id: string;
  page: number;
  created_at: string;
  /** Of the page image in pixels. */
  width: number;
  height: number;
  dpi: number;
  snippets: Snippet[];
  /** Where the words stand. */
  boxes: HitBox[];
  /** `near`: some word is only there with a letter more, less or another, or two the other way round. */
  match: 'exact' | 'near';
}

export interface Snippet {
  text: string;
  /** Begin and end of each hit, in UTF-16 units; the end is not part of it. */
  marks: [number, number][];
}

/** In pixels of the page image; origin top left. */
export interface HitBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One numbered step of a task; `seq` has no gaps, and every event carries all counters. */
export interface TaskEvent {
  seq: number;
  type: string;
  at: string;
  task: string;
  document: string;
  state: TaskState;
  page?: number;
  pages: PageCounters;
  failure?: Failure;
}
