import type { Account as Own } from '../api/account';
import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { SessionAnswer } from '../api/types';
import { canUsePasskeys } from '../passkeys/can_use';
import { showPasskey } from '../passkeys/device';

/** Whoever was asked for a proof gave none: nothing was done, and nothing has to be said. */
export class NotProved extends Error {}

/** Asks who somebody is, again, before what the server does only for those who said so a moment ago. */
export class Proof {
  /** What is waited for; null: nothing is. */
  asked: 'password' | 'code' | null = $state(null);

  /** Whether a passkey would do as well. */
  hasPasskey = $state(false);

  #api: Api;
  /** Told when the session got another id. */
  #renewed: (answer: SessionAnswer) => void;
  #settle: (isProved: boolean) => void = () => {};

  constructor(api: Api, renewed: (answer: SessionAnswer) => void) {
    this.#api = api;
    this.#renewed = renewed;
  }

  /** Does something, and asks for a proof in between when the server wants one; `NotProved` when none was given. */
  async over<Done>(act: () => Promise<Done>): Promise<Done> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'step_up_required') throw error;
      await this.ask();
      return act();
    }
  }

  /** Asks for a proof; `NotProved` when none was given. */
  async ask(): Promise<void> {
    const own = await this.#api.call<Own>('GET', '/account');
    const isProved = new Promise<boolean>((settle) => (this.#settle = settle));
    this.hasPasskey = own.passkeys > 0 && canUsePasskeys();
    this.asked = own.second_factor === null ? 'password' : 'code';
    if (!(await isProved)) throw new NotProved();
  }

  /** Sends what somebody typed. */
  async prove(typed: string): Promise<void> {
    const given = this.asked === 'code' ? { code: typed } : { password: typed };
    await this.#send(given);
  }

  /** Has the device prove it; `NoPasskey` when it did not. */
  async showPasskey(): Promise<void> {
    await this.#send({ passkey: await showPasskey(this.#api) });
  }

  async #send(given: object): Promise<void> {
    this.#renewed(await this.#api.call<SessionAnswer>('POST', '/session/step-up', given));
    this.#end(true);
  }

  /** They would rather not. */
  refuse = () => this.#end(false);

  #end(isProved: boolean): void {
    this.#settle(isProved);
    this.asked = null;
  }
}
