import type { Api } from '../api/client';
import type { Queue as Answer } from '../api/types';

/** Between an answer and the next question. */
const PAUSE_MS = 2_000;

/** The queue over all owners, asked for again and again while an administrator looks at it. */
export class Queue {
  answer: Answer | null = $state.raw(null);
  /** Why the last question has no answer; what was answered before stays. */
  problem: unknown = $state.raw(null);

  #api: Api;
  #isAway: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchers = 0;
  /** Rises with every question, so that a late answer never replaces a newer one. */
  #asked = 0;

  /** While `isAway` says so nothing is asked: what runs by itself must not keep a session alive. */
  constructor(api: Api, isAway: () => boolean) {
    this.#api = api;
    this.#isAway = isAway;
  }

  /** Keeps it up to date until the function that it gives is called. */
  watch(): () => void {
    const look = () => {
      if (document.visibilityState === 'visible') void this.#tick();
    };
    document.addEventListener('visibilitychange', look);
    this.#watchers += 1;
    void this.#tick();
    return () => {
      document.removeEventListener('visibilitychange', look);
      this.#watchers -= 1;
      clearTimeout(this.#timer);
    };
  }

  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const answer = await this.#api.loadQueue();
      if (asked !== this.#asked) return;
      this.answer = answer;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  /** Stops a task; the list is up to date when this is done. */
  async stop(task: string): Promise<void> {
    await this.#api.stopAnyTask(task);
    await this.load();
  }

  /** Has what a task that was given up left undone done; the list is up to date when this is done. */
  async replay(task: string): Promise<void> {
    await this.#api.replayTask(task);
    await this.load();
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#asked += 1;
    this.answer = null;
    this.problem = null;
  }

  async #tick(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'visible' && !this.#isAway()) await this.load();
    clearTimeout(this.#timer);
    if (this.#watchers > 0) this.#timer = setTimeout(() => void this.#tick(), PAUSE_MS);
  }
}
