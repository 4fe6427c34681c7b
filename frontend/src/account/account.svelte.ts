import type { Account as Answer, Enrolment, Identity, OpenSession, Passkey, Token, TokenWish } from '../api/account';
import type { Api } from '../api/client';
import type { Provider, SessionAnswer } from '../api/types';
import { makePasskey } from '../passkeys/device';
import { Proof } from './proof.svelte';

/** One's own account: password, address, second factor, sessions and tokens. */
export class Account {
  own: Answer | null = $state.raw(null);
  sessions: OpenSession[] = $state.raw([]);
  tokens: Token[] = $state.raw([]);
  identities: Identity[] = $state.raw([]);
  providers: Provider[] = $state.raw([]);
  passkeys: Passkey[] = $state.raw([]);
  /** Whether passkeys can let somebody in here. */
  hasPasskeys = $state(false);
  problem: unknown = $state.raw(null);
  readonly proof: Proof;

  #api: Api;
  /** Told when the session got another id. */
  #renewed: (answer: SessionAnswer) => void;
  /** Answers of an earlier question may come after those of a later one; they are dropped. */
  #asked = 0;

  constructor(api: Api, renewed: (answer: SessionAnswer) => void) {
    this.#api = api;
    this.#renewed = renewed;
    this.proof = new Proof(api, renewed);
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const own = await this.#api.call<Answer>('GET', '/account');
      if (asked !== this.#asked) return;
      this.own = own;
      // Whoever has to set up codes first gets nothing else.
      if (this.own.needs_second_factor && this.own.second_factor === null) return;
      const [sessions, tokens, identities, passkeys, limits] = await Promise.all([
        this.#api.call<{ sessions: OpenSession[] }>('GET', '/sessions'),
        this.#api.call<{ tokens: Token[] }>('GET', '/tokens'),
        this.#api.call<{ identities: Identity[] }>('GET', '/account/identities'),
        this.#api.call<{ passkeys: Passkey[] }>('GET', '/account/passkeys'),
        this.#api.loadLimits(),
      ]);
      if (asked !== this.#asked) return;
      this.sessions = sessions.sessions;
      this.tokens = tokens.tokens;
      this.identities = identities.identities;
      this.providers = limits.providers;
      this.passkeys = passkeys.passkeys;
      this.hasPasskeys = limits.passkeys;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  async changePassword(old: string, next: string): Promise<void> {
    this.#renewed(await this.#api.call<SessionAnswer>('POST', '/account/password', { old, new: next }));
    await this.load();
  }

  /** Sets where links to a new password go; null: nowhere. */
  async setMail(mail: string | null): Promise<void> {
    await this.proof.over(() => this.#api.call<void>('PUT', '/account/mail', { mail }));
    await this.load();
  }

  beginFactor = () => this.proof.over(() => this.#api.call<Enrolment>('POST', '/account/second-factor'));

  /** Gives the recovery codes. */
  async confirmFactor(code: string): Promise<string[]> {
    const confirm = () => this.#api.call<SessionAnswer & { recovery_codes: string[] }>('POST', '/account/second-factor/confirm', { code });
    const answer = await this.proof.over(confirm);
    this.#renewed(answer);
    await this.load();
    return answer.recovery_codes;
  }

  async removeFactor(code: string): Promise<void> {
    await this.proof.over(() => this.#api.call<void>('DELETE', '/account/second-factor', { code }));
    await this.load();
  }

  async renewCodes(): Promise<string[]> {
    const answer = await this.proof.over(() => this.#api.call<{ recovery_codes: string[] }>('POST', '/account/recovery-codes'));
    await this.load();
    return answer.recovery_codes;
  }

  /** Gives where to go, to tie what the provider calls this person. */
  async beginIdentity(provider: string): Promise<string> {
    const begin = () => this.#api.call<{ address: string }>('POST', `/account/oidc/${provider}`);
    return (await this.proof.over(begin)).address;
  }

  async removeIdentity(id: string): Promise<void> {
    await this.proof.over(() => this.#api.call<void>('DELETE', `/account/identities/${encodeURIComponent(id)}`));
    await this.load();
  }

  /** Has a device make a passkey; `NoPasskey` when it made none. */
  async addPasskey(name: string): Promise<void> {
    const begin = () => this.#api.call<Parameters<typeof makePasskey>[0]>('POST', '/account/passkeys/begin');
    const credential = await makePasskey(await this.proof.over(begin));
    await this.#api.call<Passkey>('POST', '/account/passkeys', { name, credential });
    await this.load();
  }

  async removePasskey(id: string): Promise<void> {
    await this.proof.over(() => this.#api.call<void>('DELETE', `/account/passkeys/${encodeURIComponent(id)}`));
    await this.load();
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
    const answer = await this.proof.over(() => this.#api.call<Token & { secret: string }>('POST', '/tokens', wish));
    await this.load();
    return answer.secret;
  }

  async revokeToken(id: string): Promise<void> {
    await this.#api.call<void>('DELETE', `/tokens/${encodeURIComponent(id)}`);
    await this.load();
  }
}
