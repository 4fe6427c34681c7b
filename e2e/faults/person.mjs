// A person who does not give up: an upload is tried again with the same key until it is acknowledged, and a session is
// renewed when its access has run out, as the web app does it.
import { randomUUID } from 'node:crypto';

import { Client } from '../client.mjs';
import { sleep } from '../processes.mjs';

/** The longest that one try may take. */
const PATIENCE_MS = 12_000;

export class Person extends Client {
  /** Sends a request, again when the access had run out; one without an answer is an error after a while. */
  async send(...request) {
    const answer = await this.sendInTime(...request);
    if (answer.status !== 401) return answer;
    return (await this.renew()) ? this.sendInTime(...request) : answer;
  }

  /** Renews the session, and says whether it lives. Callers at one time share the answer: there is one token to show. */
  async renew() {
    this.renewal ??= this.sendInTime('POST', '/api/v1/session/refresh').finally(() => (this.renewal = null));
    return (await this.renewal).status === 200;
  }

  async sendInTime(...request) {
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
