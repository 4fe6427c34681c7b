import type { Api } from '../api/client';
import { Problem, Unreachable } from '../api/problem';
import type { SessionAnswer, User } from '../api/types';

/** Renewed this long before the access token runs out. */
const RENEW_BEFORE_MS = 60_000;
/** Somebody who touched nothing for this long is away; the session is then left to end. */
const AWAY_AFTER_MS = 15 * 60_000;
/** Asked again this soon when the server did not say how long the token lives. */
const UNKNOWN_LIFE_MS = 5 * 60_000;

export type SessionState = 'unknown' | 'in' | 'out' | 'unreachable';

/**
 * Who is logged in. Renews itself while somebody is there, and says when it is over; tokens are in cookies that no
 * script can read. One renewal at a time, across tabs too, because every renewal changes the refresh token.
 */
export class Session {
  state: SessionState = $state('unknown');
  user: User | null = $state.raw(null);
  /** True when a session that was running ended by itself. */
  endedByItself = $state(false);
  /** Told whenever a session is over: nothing that was read may stay behind. */
  onLeave: () => void = () => {};
  /** Told when another person takes over, or the same one logged out on purpose. */
  onChange: () => void = () => {};

  #api: Api;
  #renewal: Promise<boolean> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastActive = Date.now();
  #endsAt = 0;

  constructor(api: Api) {
    this.#api = api;
    api.renewSession = () => this.renew();
  }

  /** Finds out whether the cookies still stand for somebody. */
  async start(): Promise<void> {
    try {
      this.#enter(await this.#api.readSession());
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        if (!(await this.renew()) && this.state !== 'unreachable') this.#leave(false);
      } else {
        this.state = 'unreachable';
      }
    }
  }

  async logIn(login: string, password: string): Promise<void> {
    this.#enter(await this.#api.logIn(login, password));
  }

  /** Ends the session on the server; the screen is cleared even when the server can't be reached. */
  async logOut(): Promise<void> {
    this.#leave(false);
    await this.#api.logOut().catch(() => undefined);
  }

  /** True while the access token will still be taken; a plain link or a download can't renew it by itself. */
  get isFresh(): boolean {
    return Date.now() < this.#endsAt - RENEW_BEFORE_MS / 4;
  }

  /** Called on every key and pointer event; cheap. Somebody who comes back is let in again at once, or told. */
  touch(): void {
    this.#lastActive = Date.now();
    if (this.state === 'in' && !this.isFresh) void this.renew();
  }

  /** Gets a fresh access token; callers at the same time share one request. False: the session is over. */
  renew(): Promise<boolean> {
    this.#renewal ??= this.#renewAlone().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewAlone(): Promise<boolean> {
    const wasIn = this.state === 'in';
    try {
      const answer = await acrossTabs(() => this.#api.refreshSession());
      // Logged out while the answer was on its way: it must not log in again.
      if (wasIn && this.state !== 'in') return false;
      this.#enter(answer);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        if (this.state === 'in') this.#leave(true);
        return false;
      }
      if (this.state === 'unknown') this.state = 'unreachable';
      if (error instanceof Unreachable || error instanceof Problem) this.#renewIn(RENEW_BEFORE_MS / 4);
      return false;
    }
  }

  #enter(answer: SessionAnswer): void {
    const changed = this.user?.id !== answer.user.id;
    this.user = answer.user;
    if (changed) this.onChange();
    this.state = 'in';
    this.endedByItself = false;
    this.#endsAt = answer.expires_at === undefined ? Date.now() + UNKNOWN_LIFE_MS : Date.parse(answer.expires_at);
    this.#renewIn(Math.max(this.#endsAt - Date.now() - RENEW_BEFORE_MS, 10_000));
  }

  #leave(byItself: boolean): void {
    clearTimeout(this.#timer);
    this.state = 'out';
    this.endedByItself = byItself;
    this.onLeave();
    if (!byItself) {
      this.user = null;
      this.onChange();
    }
  }

  #renewIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.state !== 'in') return;
      if (Date.now() - this.#lastActive < AWAY_AFTER_MS) void this.renew();
      else this.#renewIn(RENEW_BEFORE_MS / 4);
    }, delayMs);
  }
}

/** Runs one renewal at a time over all tabs, where the browser can. */
function acrossTabs<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  const locks = globalThis.navigator?.locks;
  return locks === undefined ? work() : (locks.request('untxt-session', work) as Promise<Answer>);
}
