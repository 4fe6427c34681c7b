// A proxy that fails in every way a network does. It stands between one process and one server, passes TLS through
// untouched, and remembers whose connection it was.
import { createServer, connect } from 'node:net';

import { sleep } from '../processes.mjs';

/** Ports that no system gives out by itself, one for each connection to a server. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;

/** Who connected to a server, by the port that the server sees: each is used once, so no clock has to be asked. */
export class Callers {
  #byPort = new Map();
  #last = FIRST_PORT + Math.floor(Math.random() * 2000);

  take(who) {
    this.#last = this.#last < LAST_PORT ? this.#last + 1 : FIRST_PORT;
    this.#byPort.set(this.#last, who);
    return this.#last;
  }

  who(port) {
    return this.#byPort.get(port) ?? `port ${port}`;
  }
}

/** One way from a process to a server. */
export class Proxy {
  #pairs = new Set();
  #watchers = new Set();
  #delayMs = { request: 0, reply: 0 };
  #isCut = false;
  #isFrozen = false;
  #replyBytesLeft = Infinity;

  /** `caller` names the process that connects at a moment; `callers` keeps it. */
  constructor({ name, target, caller, callers }) {
    Object.assign(this, { name, target, caller, callers });
  }

  async listen() {
    this.server = createServer((client) => this.#accept(client));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  close() {
    this.server.close();
    this.reset();
  }

  /** Ends every connection, and every new one at once: the server is down. */
  cut() {
    this.#isCut = true;
    for (const pair of this.#pairs) this.#end(pair);
  }

  /** Ends every connection with a reset; new ones work. */
  reset() {
    for (const pair of this.#pairs) this.#end(pair, 'reset');
  }

  /** Lets everything arrive so much later, requests or replies or both. */
  delay(milliseconds, ...directions) {
    for (const direction of directions.length ? directions : ['request', 'reply']) this.#delayMs[direction] = milliseconds;
  }

  /** Half-open: everything stays connected, new connections are taken, and not one byte passes. */
  freeze() {
    this.#isFrozen = true;
    for (const { client, server } of this.#pairs) [client, server].forEach((socket) => socket?.pause());
  }

  /** Passes so many more bytes of replies, over all connections; the connection that reaches the end is broken off. */
  truncate(bytes) {
    this.#replyBytesLeft = bytes;
  }

  /** The network is well again. What was held back in half-open connections arrives now. */
  heal() {
    this.#isCut = false;
    this.#delayMs = { request: 0, reply: 0 };
    this.#replyBytesLeft = Infinity;
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    for (const pair of this.#pairs) {
      if (!pair.server) this.#connect(pair);
      for (const socket of [pair.client, pair.server]) socket.resume();
    }
  }

  /** Waits for the next bytes in a direction, to strike at just that moment; `false` after the time. */
  next(direction, milliseconds) {
    return new Promise((resolve) => {
      const watcher = (seen) => seen === direction && done(true);
      const timer = setTimeout(() => done(false), milliseconds);
      const done = (came) => {
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        resolve(came);
      };
      this.#watchers.add(watcher);
    });
  }

  #accept(client) {
    if (this.#isCut) return client.destroy();
    const pair = { client, server: null, tails: { request: Promise.resolve(), reply: Promise.resolve() } };
    this.#pairs.add(pair);
    client.setNoDelay(true).on('data', (bytes) => this.#pass(pair, 'request', bytes));
    for (const event of ['error', 'close']) client.on(event, () => this.#end(pair));
    if (this.#isFrozen) client.pause();
    else this.#connect(pair);
  }

  #connect(pair) {
    const localPort = this.callers.take(this.caller());
    const server = connect({ port: this.target, host: '127.0.0.1', localPort });
    pair.server = server;
    server.setNoDelay(true).on('data', (bytes) => this.#pass(pair, 'reply', bytes));
    // Somebody listens at that port: then the next.
    server.on('error', (error) => (error.code === 'EADDRINUSE' && this.#pairs.has(pair) ? this.#connect(pair) : this.#end(pair)));
    server.on('close', () => pair.server === server && this.#end(pair));
  }

  /** Passes bytes on in their order, each piece when it is due. */
  #pass(pair, direction, bytes) {
    for (const watcher of this.#watchers) watcher(direction);
    const due = Date.now() + this.#delayMs[direction];
    const before = pair.tails[direction];
    const isLate = due > Date.now();
    if (!isLate && before.isDone !== false) return this.#write(pair, direction, bytes);
    const tail = before.then(() => sleep(Math.max(0, due - Date.now()))).then(() => {
      this.#write(pair, direction, bytes);
      tail.isDone = true;
    });
    tail.isDone = false;
    pair.tails[direction] = tail;
  }

  #write(pair, direction, bytes) {
    if (!this.#pairs.has(pair)) return;
    if (direction === 'request') return void pair.server.write(bytes);
    const passed = bytes.subarray(0, this.#replyBytesLeft);
    this.#replyBytesLeft -= passed.length;
    pair.client.write(passed);
    if (passed.length < bytes.length) this.#end(pair);
  }

  #end(pair, how = 'end') {
    if (!this.#pairs.delete(pair)) return;
    for (const socket of [pair.client, pair.server]) {
      if (how === 'reset') socket?.resetAndDestroy();
      else socket?.destroy();
    }
  }
}
