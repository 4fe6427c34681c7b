/** Progress is said at most this often; a screen reader has other things to say too. */
const PAUSE_MS = 10_000;

/** What a screen reader hears: progress now and then, trouble at once. */
export class Announcer {
  polite = $state('');
  urgent = $state('');

  #last = Number.NEGATIVE_INFINITY;
  #next: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Says it when its turn comes; only the newest sentence is kept. */
  progress(sentence: string): void {
    this.#next = sentence;
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#last + PAUSE_MS - Date.now());
    this.#timer = setTimeout(() => this.#speak(), wait);
  }

  /** Says it now. The same sentence again is a new message, so it gets a (silent) mark of its own. */
  trouble(sentence: string): void {
    this.urgent = this.urgent === sentence ? `${sentence}\u00a0` : sentence;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = null;
    this.polite = '';
    this.urgent = '';
  }

  #speak(): void {
    this.#timer = undefined;
    if (this.#next === null) return;
    this.polite = this.#next;
    this.#next = null;
    this.#last = Date.now();
  }
}
