// A site under fault: the servers, the backend and the workers of one `untxt up`, each started by us, with a proxy of
// its own between each of our processes and each server.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { descendants, sleep, until } from '../processes.mjs';
import { Stack, freePort, makeFolder } from '../stack.mjs';
import { WATCH } from './ledger.mjs';
import { Person } from './person.mjs';
import { Program, learn } from './program.mjs';
import { Callers, Proxy } from './proxy.mjs';

/** The shortest lease there may be, so that the tests need not wait long. */
export const LEASE_SECONDS = 5;
export const MAX_ATTEMPTS = 3;
/** Objects that no row names are looked for so often, and removed when they are so old: no younger ones may be. */
export const CLEAN_UP = { everySeconds: 5, afterSeconds: 60 };
const SERVERS = ['postgres', 'redis', 'store'];
/** An account of the tests' own in Redis, which may do everything. */
const REDIS_ADMIN = { user: 'faults', password: 'only for the tests' };

export class Site {
  /** Lets `untxt up` make a folder, learns from it how everything is started, and stops it. */
  static async make(workers = 2) {
    const stack = new Stack({ folder: process.env.UNTXT_E2E_FOLDER ?? makeFolder('faults'), port: await freePort(), workers: 1 });
    await stack.start();
    try {
      const own = stack.processes().filter(({ parent }) => parent === stack.process.pid);
      const find = (pattern) => learn(own.find(({ command }) => pattern.test(command)).pid);
      const how = { postgres: find(/postgres -D/), redis: find(/redis-server/), store: find(/ storage --config/), backend: find(/ backend --config/), worker: find(/ worker --config/) };
      // It changes its command line.
      how.redis.argv = ['/usr/bin/redis-server', stack.path('redis/redis.conf')];
      return new Site(stack, how, workers);
    } finally {
      await stack.stop();
    }
  }

  constructor(stack, how, workers) {
    this.stack = stack;
    this.madeAt = Date.now();
    this.callers = new Callers();
    this.targets = stack.ports;
    appendFileSync(stack.path('redis/users.acl'), `user ${REDIS_ADMIN.user} on >${REDIS_ADMIN.password.replaceAll(' ', '-')} ~* &* +@all\n`);
    this.program = (name, kind) => new Program({ name, how: how[kind], log: stack.path(`logs/${name}.log`) });
    [this.postgres, this.redis, this.store, this.backend] = ['postgres', 'redis', 'store', 'backend'].map((name) => this.program(name, name));
    this.workers = Array.from({ length: workers }, (_, index) => this.program(`worker-${index + 1}`, 'worker'));
    this.ways = new Map();
  }

  /** Starts everything, in the order of `untxt up`. */
  async start() {
    for (const process of [this.backend, ...this.workers]) await this.#lay(process);
    await Promise.all(SERVERS.map((name) => this.startServer(name)));
    this.stack.sql(WATCH);
    this.backend.start();
    for (const worker of this.workers) worker.start();
    await this.isServed();
    this.person = await Person.logIn(this.stack);
    return this;
  }

  /** Makes the ways from one process to the servers. */
  async #lay(process) {
    const ways = {};
    for (const name of SERVERS) {
      const target = this.targets[name];
      ways[name] = await new Proxy({ name: `${process.name}:${name}`, target, caller: () => process.who, callers: this.callers }).listen();
    }
    this.ways.set(process, ways);
    process.env = {
      UNTXT_DATABASE__PORT: String(ways.postgres.port),
      UNTXT_REDIS__PORT: String(ways.redis.port),
      UNTXT_STORAGE__ENDPOINT: `https://localhost:${ways.store.port}`,
      UNTXT_WORKER__LEASE_SECONDS: String(LEASE_SECONDS),
      UNTXT_WORKER__MAX_ATTEMPTS: String(MAX_ATTEMPTS),
      UNTXT_WORKER__CLEAN_UP_SECONDS: String(CLEAN_UP.everySeconds),
      UNTXT_WORKER__CLEAN_UP_AFTER_SECONDS: String(CLEAN_UP.afterSeconds),
    };
  }

  /** The way from a process to a server. */
  way(process, server) {
    return this.ways.get(process)[server];
  }

  /** All ways to a server, or all there are. */
  allWays(server) {
    return [...this.ways.values()].flatMap((ways) => (server ? [ways[server]] : Object.values(ways)));
  }

  /** Starts a server and waits until it answers. */
  async startServer(name, options) {
    this[name].start(options);
    if (name === 'postgres') await until('Postgres answers', 60, () => this.trySql('select 1'));
    else await until(`${name} answers`, 20, () => answers(this.targets[name]));
  }

  async isServed() {
    await until('the backend answers', 60, () => answers(this.stack.port));
  }

  /** Waits until all workers are ready: one that can't reach a server when it starts ends. */
  async isAtWork() {
    await until('the workers are ready', 60, () => this.workers.every((worker) => worker.hasSaid('worker is ready')));
  }

  sql(query) {
    return this.stack.sql(query);
  }

  /** As `sql`; `null` while Postgres is down. */
  trySql(query) {
    try {
      return this.stack.sql(query);
    } catch {
      return null;
    }
  }

  /** Sends a command to Redis past every proxy. */
  redisCommand(...command) {
    const tls = ['--tls', '--cacert', this.stack.path('certs/root.crt'), '--cert', this.stack.path('certs/redis-worker.crt'), '--key', this.stack.path('certs/redis-worker.key')];
    const args = ['-h', 'localhost', '-p', String(this.targets.redis), ...tls, '--user', REDIS_ADMIN.user, ...command];
    const env = { ...process.env, REDISCLI_AUTH: REDIS_ADMIN.password.replaceAll(' ', '-') };
    return spawnSync('redis-cli', args, { env, encoding: 'utf8', timeout: 10_000 }).stdout.trim();
  }

  /** The reading child of a worker. */
  childOf(worker) {
    return descendants(worker.child.pid).find(({ command }) => command.includes('ocr-child'));
  }

  /** Everything runs and no way is disturbed. */
  async heal() {
    for (const way of this.allWays()) way.heal();
    for (const process of [this.postgres, this.redis, this.store, this.backend, ...this.workers]) process.signal('SIGCONT');
    for (const name of SERVERS) if (!this[name].isRunning) await this.startServer(name);
    for (const process of [this.backend, ...this.workers]) process.start();
    await this.isServed();
  }

  async stop() {
    for (const way of this.allWays()) way.heal();
    for (const program of [this.backend, ...this.workers]) program.signal('SIGCONT');
    await Promise.all([this.backend, ...this.workers].map((program) => program.child && program.stop()));
    await Promise.all([this.store.stop(), this.redis.stop(), this.postgres.stop('SIGINT')]);
    for (const way of this.allWays()) way.close();
  }

  /** What was logged, by every process, since the site was made. */
  log(name) {
    return readFileSync(this.stack.path(`logs/${name}.log`), 'utf8');
  }

  folder(name) {
    const path = join(this.stack.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }
}

/** Says whether something takes connections at a port. */
async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  const result = await Promise.race([
    new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    }),
    sleep(500).then(() => false),
  ]);
  socket.destroy();
  return result;
}
