// A person at the API: HTTPS with the private root as the only one trusted, and a jar of cookies.
import { randomUUID } from 'node:crypto';
import https from 'node:https';
import { Readable } from 'node:stream';

import { until } from './processes.mjs';

const FINAL = ['done', 'done_with_errors', 'failed', 'cancelled'];

export class Client {
  constructor(stack) {
    this.stack = stack;
    this.cookies = new Map();
    /** A connection for each request, unless a caller wants to keep them. */
    this.agent = false;
  }

  static async logIn(stack, login = 'admin', password = stack.password) {
    const client = new Client(stack);
    const answer = await client.send('POST', '/api/v1/session', { json: { login, password } });
    if (answer.status !== 200) throw new Error(`login answered ${answer.status}: ${answer.text}`);
    client.user = answer.json.user;
    return client;
  }

  /**
   * Sends a request; gives status, headers, body, and text and json where they make sense. A `body` that is a stream is
   * sent as fast as it is taken, and its `Content-Length` has to be among the headers.
   */
  send(method, path, { headers = {}, body, json } = {}) {
    const ca = this.stack.read('certs/root.crt');
    const bytes = json === undefined ? body : JSON.stringify(json);
    const all = { Cookie: [...this.cookies].map((pair) => pair.join('=')).join('; '), ...headers };
    if (json !== undefined) all['Content-Type'] = 'application/json';
    if (bytes !== undefined && !(bytes instanceof Readable)) all['Content-Length'] ??= Buffer.byteLength(bytes);
    return new Promise((resolve, reject) => {
      const options = { ca, method, path, host: 'localhost', port: this.stack.port, headers: all, agent: this.agent };
      const request = https.request(options, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () => resolve(this.received(response, Buffer.concat(parts))));
        response.on('error', reject);
      });
      // A refused upload may be answered before its end; the answer counts, not the broken pipe.
      request.on('error', (error) => setTimeout(reject, 200, error));
      if (bytes instanceof Readable) bytes.pipe(request);
      else request.end(bytes);
    });
  }

  received(response, body) {
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [name, value] = cookie.split(';')[0].split('=');
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = body.toString('utf8');
    const isJson = /json/.test(response.headers['content-type'] ?? '');
    return { status: response.statusCode, headers: response.headers, body, text, json: isJson ? JSON.parse(text) : undefined };
  }

  get(path) {
    return this.send('GET', `/api/v1${path}`);
  }

  /** Uploads bytes under a name; gives the whole answer. */
  upload(name, bytes, { key, type = 'application/octet-stream', field = 'file', query = '' } = {}) {
    const { head, tail, headers } = envelope(name, type, field);
    if (key !== undefined) headers['Idempotency-Key'] = key;
    return this.send('POST', `/api/v1/documents${query}`, { headers, body: Buffer.concat([head, bytes, tail]) });
  }

  /** Uploads `length` bytes that come in pieces and are never all in memory; gives the whole answer. */
  uploadPieces(name, pieces, length) {
    const { head, tail, headers } = envelope(name, 'application/octet-stream', 'file');
    headers['Content-Length'] = head.length + length + tail.length;
    const body = Readable.from((function* () {
      yield head;
      yield* pieces;
      yield tail;
    })(), { objectMode: false });
    return this.send('POST', '/api/v1/documents', { headers, body });
  }

  /** Uploads and expects it to be taken; gives the document. */
  async add(name, bytes, options) {
    const answer = await this.upload(name, bytes, options);
    if (answer.status !== 202) throw new Error(`upload of ${name} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  /** Waits until a document's task has ended; gives the document. */
  ended(id, seconds = 60) {
    return until(`document ${id} ends`, seconds, async () => {
      const answer = await this.get(`/documents/${id}`).catch(() => null);
      return answer?.status === 200 && FINAL.includes(answer.json.task.state) && answer.json;
    });
  }

  async events(task) {
    const events = [];
    for (;;) {
      const { json } = await this.get(`/tasks/${task}/events?after=${events.at(-1)?.seq ?? 0}`);
      if (json.events.length === 0) return events;
      events.push(...json.events);
    }
  }
}

/** What stands before and after a file in a form. */
function envelope(name, type, field) {
  const boundary = randomUUID();
  const safe = Buffer.from(name, 'utf8').toString('latin1').replace(/"/g, '%22').replace(/[\r\n]/g, '%0A');
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${safe}"\r\nContent-Type: ${type}\r\n\r\n`;
  const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  return { head: Buffer.from(head, 'latin1'), tail: Buffer.from(`\r\n--${boundary}--\r\n`), headers };
}
