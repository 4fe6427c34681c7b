import type { Account as Answer, Enrolment, OpenSession, Token, TokenWish } from '../api/account';
import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { SessionAnswer } from '../api/types';

/** Whoever was asked for a proof gave none: nothing was done, and nothing has to be said. */
export class NotProved extends Error {}

/** One's own account: password, second factor, sessions and tokens. */
export class Account {
  own: Answer | null = $state.raw(null);
  sessions: OpenSession[] = $state.raw([]);
  tokens: Token[] = $state.raw([]);
  problem: unknown = $state.raw(null);
  /** True while a proof is waited for. */
  proof: { resolve: (given: { password?: string; code?: string } | null) => void } | null = $state.raw(null);

  #api: Api;
  /** Told when the session got another id. */
  #renewed: (answer: SessionAnswer) => void;
  /** Answers of an earlier question may come after those of a later one; they are dropped. */
  #asked = 0;

  constructor(api: Api, renewed: (answer: SessionAnswer) => void) {
    this.#api = api;
    this.#renewed = renewed;
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const own = await this.#api.call<Answer>('GET', '/account');
      if (asked !== this.#asked) return;
      this.own = own;
      // Whoever has to set up codes first gets nothing else.
      if (this.own.needs_second_factor && this.own.second_factor === null) return;
      const [sessions, tokens] = await Promise.all([
        this.#api.call<{ sessions: OpenSession[] }>('GET', '/sessions'),
        this.#api.call<{ tokens: Token[] }>('GET', '/tokens'),
      ]);
      if (asked !== this.#asked) return;
      this.sessions = sessions.sessions;
      this.tokens = tokens.tokens;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  async changePassword(old: string, next: string): Promise<void> {
    this.#renewed(await this.#api.call<SessionAnswer>('POST', '/account/password', { old, new: next }));
    await this.load();
  }

  beginFactor = () => this.#proved(() => this.#api.call<Enrolment>('POST', '/account/second-factor'));

  /** Gives the recovery codes. */
  async confirmFactor(code: string): Promise<string[]> {
    const confirm = () => this.#api.call<SessionAnswer & { recovery_codes: string[] }>('POST', '/account/second-factor/confirm', { code });
    const answer = await this.#proved(confirm);
    this.#renewed(answer);
    await this.load();
    return answer.recovery_codes;
  }

  async removeFactor(code: string): Promise<void> {
    await this.#proved(() => this.#api.call<void>('DELETE', '/account/second-factor', { code }));
    await this.load();
  }

  async renewCodes(): Promise<string[]> {
    const answer = await this.#proved(() => this.#api.call<{ recovery_codes: string[] }>('POST', '/account/recovery-codes'));
    await this.load();
    return answer.recovery_codes;
  }

  async endSession(id: string): Promise<void> {
    await this.#api.call<void>('DELETE', `/sessions/${encodeURIComponent(id)}`);
    await this.load();
  }

  async endOthers(): Promise<void> {
    await this.#api.call<void>('POST', '/sessions/end-others');
    await this.load();
  }

  /** Gives the secret, once. */
  async makeToken(wish: TokenWish): Promise<string> {
    const answer = await this.#proved(() => this.#api.call<Token & { secret: string }>('POST', '/tokens', wish));
    await this.load();
    return answer.secret;
  }

  async revokeToken(id: string): Promise<void> {
    await this.#api.call<void>('DELETE', `/tokens/${encodeURIComponent(id)}`);
    await this.load();
  }

  /** Sends what somebody typed to prove who they are. */
  async prove(given: { password?: string; code?: string }): Promise<void> {
    this.#renewed(await this.#api.call<SessionAnswer>('POST', '/session/step-up', given));
    this.proof?.resolve(given);
    this.proof = null;
  }

  /** They would rather not. */
  refuse(): void {
    this.proof?.resolve(null);
    this.proof = null;
  }

  /** Does something, and asks for a proof in between when the server wants one. */
  async #proved<Done>(act: () => Promise<Done>): Promise<Done> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'step_up_required') throw error;
      const given = await new Promise<object | null>((resolve) => (this.proof = { resolve }));
      if (given === null) throw new NotProved();
      return act();
    }
  }
}
