import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { SessionAnswer, User } from '../api/types';

/** Access tokens live some minutes; the server says for how long the session lives, not the token. */
const RENEW_EVERY_MS = 4 * 60_000;
/** No server makes tokens that live for less than this. */
const SURELY_FRESH_MS = 50_000;
/** Between tries, and between looks whether somebody is back. */
const SOON_MS = 15_000;
/** Somebody who touched nothing for this long is away; the session is then left to end. */
const AWAY_AFTER_MS = 15 * 60_000;
/** When it is time to say so. */
const WARN_AFTER_MS = 13 * 60_000;
const LOOK_EVERY_MS = 10_000;

export type SessionState = 'unknown' | 'in' | 'out' | 'unreachable';

/**
 * Who is logged in. Renews itself while somebody is there, and says when it is over; tokens are in cookies that no
 * script can read. One renewal at a time, across tabs too, because every renewal changes the refresh token.
 */
export class Session {
  state: SessionState = $state('unknown');
  user: User | null = $state.raw(null);
  /** Codes have to be set up before anything else. */
  mustEnrol = $state(false);
  /** Nobody has touched anything for a while: the session will be left to end soon. */
  isIdle = $state(false);
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
  #renewedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(api: Api) {
    this.#api = api;
    api.renewSession = () => this.renew();
    setInterval(() => {
      this.isIdle = this.state === 'in' && Date.now() - this.#lastActive > WARN_AFTER_MS;
    }, LOOK_EVERY_MS);
  }

  /** Finds out whether the cookies still stand for somebody. */
  async start(): Promise<void> {
    try {
      this.#enter(await this.#api.readSession(), false);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) await this.renew();
      else this.state = 'unreachable';
    }
  }

  /** Logs in, or gives what has to be sent together with a code. */
  async logIn(login: string, password: string): Promise<string | null> {
    this.#lastActive = Date.now();
    const answer = await this.#api.logIn(login, password);
    if ('pending' in answer) return answer.pending;
    this.#enter(answer, true);
    return null;
  }

  /** The second step of a login. */
  async sendCode(pending: string, code: string): Promise<void> {
    this.#enter(await this.#api.sendCode(pending, code), true);
  }

  /** Becomes the person that an invitation is for. */
  async acceptInvitation(secret: string, password: string): Promise<void> {
    this.#lastActive = Date.now();
    this.#enter(await this.#api.acceptInvitation(secret, password), true);
  }

  /** The server gave this session another id, because of what its person just did. */
  replaced(answer: SessionAnswer): void {
    this.#enter(answer, true);
  }

  /** Ends the session on the server; the screen is cleared even when the server can't be reached. */
  async logOut(): Promise<void> {
    this.#leave(false);
    await this.#api.logOut().catch(() => undefined);
  }

  /** May see the queue of everybody; the server decides, this only says what to offer. */
  get isAdmin(): boolean {
    return this.state === 'in' && this.user?.role === 'admin';
  }

  /** A download can't renew an expired session by itself, so that is done first. For the click on its link. */
  async renewFirst(event: MouseEvent & { currentTarget: HTMLAnchorElement }): Promise<void> {
    if (this.isFresh) return;
    const link = event.currentTarget;
    event.preventDefault();
    if (await this.freshen()) link.click();
  }

  /** True while the access token is surely taken; a download or an upload can't renew it on its way. */
  get isFresh(): boolean {
    return Date.now() - this.#renewedAt < SURELY_FRESH_MS;
  }

  /** True when nobody has touched anything for long; what runs by itself then must not keep the session alive. */
  get isAway(): boolean {
    return Date.now() - this.#lastActive > AWAY_AFTER_MS;
  }

  /** Called on every key and pointer event; cheap. Somebody who comes back is let in again at once, or told. */
  touch(): void {
    this.#lastActive = Date.now();
    this.isIdle = false;
    const isLate = Date.now() - this.#renewedAt > RENEW_EVERY_MS + SOON_MS;
    if (this.state === 'in' && isLate && Date.now() - this.#triedAt > SOON_MS) void this.renew();
  }

  /** Makes sure that the token is fresh, for requests that can't be sent twice at no cost. */
  async freshen(): Promise<boolean> {
    return this.isFresh || (await this.renew());
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
    this.#triedAt = Date.now();
    try {
      const answer = await acrossTabs(() => this.#api.refreshSession());
      // Logged out while the answer was on its way: it must not log in again.
      if (wasIn && this.state !== 'in') return false;
      this.#enter(answer, true);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        if (this.state !== 'out') this.#leave(this.state === 'in');
        return false;
      }
      if (this.state === 'unknown') this.state = 'unreachable';
      this.#renewIn(SOON_MS);
      return false;
    }
  }

  #enter(answer: SessionAnswer, isFresh: boolean): void {
    const changed = this.user?.id !== answer.user.id;
    this.user = answer.user;
    this.mustEnrol = answer.must_enrol;
    if (changed) this.onChange();
    this.state = 'in';
    this.endedByItself = false;
    if (isFresh) this.#renewedAt = Date.now();
    this.#renewIn(isFresh ? RENEW_EVERY_MS : SOON_MS);
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
      if (this.isAway) this.#renewIn(SOON_MS);
      else void this.renew();
    }, delayMs);
  }
}

/** Runs one renewal at a time over all tabs, where the browser can. */
function acrossTabs<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  const locks = globalThis.navigator?.locks;
  return locks === undefined ? work() : (locks.request('untxt-session', work) as Promise<Answer>);
}
