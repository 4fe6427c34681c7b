// A person who does not give up: an upload is tried again with the same key until it is acknowledged.
import { randomUUID } from 'node:crypto';

import { Client } from '../client.mjs';
import { sleep } from '../processes.mjs';

/** The longest that one try may take. */
const PATIENCE_MS = 12_000;

export class Person extends Client {
  /** Sends a request; one without an answer is an error after a while. */
  async send(...request) {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS)));
    try {
      return await Promise.race([super.send(...request), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  static async logIn(stack, ...who) {
    const { cookies, user } = await Client.logIn(stack, ...who);
    return Object.assign(new Person(stack), { cookies, user });
  }

  /**
   * Renews the session, so that its access lasts for the next test. Never by itself on a 401: under a fault that is a
   * wrong answer.
   */
  async renew() {
    const { status, text } = await this.send('POST', '/api/v1/session/refresh');
    if (status !== 200) throw new Error(`the session was not renewed: ${status}: ${text}`);
  }

  get cookieHeader() {
    return [...this.cookies].map((pair) => pair.join('=')).join('; ');
  }

  /** Uploads until it is taken; gives what was promised with the number of tries. */
  async insist({ name, bytes, key = randomUUID(), ...rest }, { seconds = 90 } = {}) {
    const end = Date.now() + seconds * 1000;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.upload(name, bytes, { key, type: 'application/pdf' }).catch((error) => ({ status: 0, text: String(error) }));
      if (answer.status === 202 || answer.status === 200) {
        return { ...rest, name, key, id: answer.json.id, task: answer.json.task.id, tries };
      }
      // No answer, or one that says "later": anything else is a wrong answer to a fault.
      if (![0, 429, 502, 503].includes(answer.status)) throw new Error(`upload of ${name} answered ${answer.status}: ${answer.text}`);
      if (Date.now() > end) throw new Error(`upload of ${name} was never taken: ${answer.status} ${answer.text}`);
      await sleep(300);
    }
  }
}
