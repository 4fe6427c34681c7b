import type { Progress } from '../api/send_file';
import { Problem, Unreachable } from '../api/problem';
import type { Destination } from '../api/filing';
import type { Document, Limits } from '../api/types';

export type UploadState = 'waiting' | 'sending' | 'storing' | 'pausing' | 'refused' | 'broken' | 'done';

/** Uploads at the same time; more would only share the same wire. */
const AT_ONCE = 3;
/** Waits between tries on its own; after the last one the person decides. */
const PAUSES_MS = [1_000, 3_000, 9_000];

/** Refusals that say nothing about the file: log in, too slow, too often. */
const PASSING = new Set([401, 408, 429]);

export interface Sender {
  sendDocument(file: File, key: string, progress: Progress, signal: AbortSignal, into: Destination): Promise<Document>;
}

/** Why the browser already knows that a file will be refused. */
export type Objection = 'empty' | 'too_large' | 'folder' | null;

/** One file on its way. The key stays the same for every try, so that a try which only lost its answer counts. */
export class Upload {
  state: UploadState = $state('waiting');
  sentBytes = $state(0);
  objection: Objection = $state(null);
  problem: Problem | Unreachable | null = $state.raw(null);
  readonly key: string;
  readonly file: File;
  /** Where it was dropped. */
  readonly into: Destination;
  tries = 0;
  readonly abort = new AbortController();

  constructor(file: File, key: string, into: Destination) {
    this.file = file;
    this.key = key;
    this.into = into;
  }

  get percent(): number {
    return this.file.size === 0 ? 0 : Math.floor((100 * this.sentBytes) / this.file.size);
  }
}

/** The files that were dropped and are not documents yet. */
export class Uploads {
  list: Upload[] = $state([]);
  onStored: (document: Document) => void = () => {};
  onTrouble: (upload: Upload) => void = () => {};

  #sender: Sender;
  #limits: () => Limits | null;
  #newKey: () => string;
  #running = 0;

  constructor(sender: Sender, limits: () => Limits | null, newKey = () => crypto.randomUUID() as string) {
    this.#sender = sender;
    this.#limits = limits;
    this.#newKey = newKey;
  }

  /** Every file becomes a row at once; those that can't work say so without being sent. */
  add(files: Iterable<File>, into: Destination = {}, directories: ReadonlySet<File> = new Set()): void {
    const added = [...files].map((file) => new Upload(file, this.#newKey(), into));
    this.list.push(...added);
    for (const upload of added) {
      upload.objection = directories.has(upload.file) ? 'folder' : this.#object(upload.file);
      if (upload.objection !== null) this.#stop(upload, 'refused');
    }
    this.#startNext();
  }

  retry(upload: Upload): void {
    upload.tries = 0;
    upload.problem = null;
    upload.state = 'waiting';
    this.#startNext();
  }

  /** Stops an upload, or puts away a row that was refused. */
  dismiss(upload: Upload): void {
    upload.abort.abort();
    this.list = this.list.filter((other) => other.key !== upload.key);
  }

  clear(): void {
    for (const upload of this.list) upload.abort.abort();
    this.list = [];
  }

  #object(file: File): Objection {
    const limits = this.#limits();
    if (file.size === 0) return 'empty';
    return limits !== null && file.size > limits.max_file_bytes ? 'too_large' : null;
  }

  #startNext(): void {
    const waiting = this.list.filter((upload) => upload.state === 'waiting');
    for (const upload of waiting) {
      if (this.#running >= AT_ONCE) return;
      void this.#run(upload);
    }
  }

  async #run(upload: Upload): Promise<void> {
    this.#running += 1;
    upload.state = 'sending';
    upload.sentBytes = 0;
    upload.tries += 1;
    try {
      const document = await this.#sender.sendDocument(
        upload.file,
        upload.key,
        (sent) => this.#progress(upload, sent),
        upload.abort.signal,
        upload.into,
      );
      upload.state = 'done';
      this.onStored(document);
      this.list = this.list.filter((other) => other.key !== upload.key);
    } catch (error) {
      if (!upload.abort.signal.aborted) this.#fail(upload, error);
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  #progress(upload: Upload, sentBytes: number): void {
    upload.sentBytes = sentBytes;
    if (upload.state === 'sending' && sentBytes >= upload.file.size) upload.state = 'storing';
  }

  #fail(upload: Upload, error: unknown): void {
    const problem = error instanceof Problem ? error : new Unreachable();
    upload.problem = problem;
    const status = problem instanceof Problem ? problem.status : 0;
    if (status >= 400 && status < 500 && !PASSING.has(status)) return this.#stop(upload, 'refused');
    const needsPerson = status === 401;
    const pause = PAUSES_MS[upload.tries - 1];
    if (needsPerson || pause === undefined) return this.#stop(upload, 'broken');
    upload.state = 'pausing';
    const asked = problem instanceof Problem ? (problem.retryAfterSeconds ?? 0) * 1_000 : 0;
    setTimeout(() => this.#resume(upload), Math.max(pause, asked));
  }

  #resume(upload: Upload): void {
    if (upload.state !== 'pausing' || upload.abort.signal.aborted) return;
    upload.state = 'waiting';
    this.#startNext();
  }

  #stop(upload: Upload, state: 'refused' | 'broken'): void {
    upload.state = state;
    this.onTrouble(upload);
  }
}
