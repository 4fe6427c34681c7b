// The real stack: `untxt up` on a folder of its own.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { descendants, stillRunning, until } from './processes.mjs';

const TARGET = process.env.CARGO_TARGET_DIR ?? new URL('../target', import.meta.url).pathname;
export const UNTXT = process.env.UNTXT_BIN ?? join(TARGET, 'debug/untxt');

/** Makes a folder that the system users of Postgres and UNTXT may enter. */
export function makeFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `untxt-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** One `untxt up`. */
export class Stack {
  constructor({ folder, port, workers, collector = null, oidc = null }) {
    Object.assign(this, { folder, port, workers, collector, oidc, said: '', password: null });
    this.data = join(folder, 'data');
    this.address = `https://localhost:${port}`;
  }

  /** Starts it on a new folder. Its spans go to `collector`, a port. */
  static async start({ workers = 2, collector = null } = {}) {
    const stack = new Stack({ folder: process.env.UNTXT_E2E_FOLDER ?? makeFolder('e2e'), port: await freePort(), workers, collector });
    await stack.start();
    return stack;
  }

  /** Starts it (again), waits until it is ready, and gives the milliseconds this took. */
  async start() {
    const begin = Date.now();
    this.said = '';
    this.process = spawn(UNTXT, this.arguments(), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (data) => (this.said += data));
    this.exited = new Promise((resolve) => this.process.once('exit', (code, signal) => resolve({ code, signal })));
    const isReady = () => this.said.includes('Ctrl-C stops everything') || this.process.exitCode !== null;
    await until('the stack is ready', 90, isReady);
    if (this.process.exitCode !== null) throw new Error(`untxt up ended: ${this.said}`);
    this.password ??= /password\s+(\S+)/.exec(this.said)?.[1] ?? null;
    return Date.now() - begin;
  }

  arguments() {
    const traces = this.collector ? ['--collector', `https://localhost:${this.collector}/v1/traces`] : [];
    const oidc = this.oidc ? ['--oidc', this.oidc] : [];
    return ['up', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--workers', String(this.workers), '--public-links', '30', ...traces, ...oidc];
  }

  /** Sends Ctrl-C and gives what is left of its processes when it has ended. */
  async stop() {
    const all = this.processes();
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGINT');
    const exit = await this.exited;
    return { ...exit, left: stillRunning(all) };
  }

  processes() {
    return descendants(this.process.pid);
  }

  /** Gives the processes whose command line has this in it. */
  find(text) {
    return this.processes().filter(({ command }) => command.includes(text));
  }

  path(name) {
    return join(this.data, name);
  }

  read(name) {
    return readFileSync(this.path(name));
  }

  /** The ports of this run. */
  get ports() {
    const settings = this.read('conf/backend.toml').toString();
    const port = (section) => Number(new RegExp(`\\[${section}\\][^[]*?port = (\\d+)`).exec(settings)[1]);
    const traces = this.collector ? { traces: this.collector } : {};
    const store = Number(/\[storage\][^[]*?endpoint = "https:\/\/localhost:(\d+)"/.exec(settings)[1]);
    return { postgres: port('database'), redis: port('redis'), store, https: this.port, ...traces };
  }

  /** Asks Postgres as its superuser over the local socket; gives rows of text. */
  sql(query, database = 'untxt') {
    const text = execFileSync('psql', this.#psqlArguments(query, database), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return rowsOf(text);
  }

  /** As `sql`, and everything else in this process goes on meanwhile. */
  async ask(query, database = 'untxt') {
    const { stdout } = await promisify(execFile)('psql', this.#psqlArguments(query, database), { encoding: 'utf8' });
    return rowsOf(stdout);
  }

  #psqlArguments(query, database) {
    const where = ['-h', this.path('postgres/run'), '-p', String(this.ports.postgres), '-U', 'postgres', '-d', database];
    return [...where, '-XAtq', '-F', '\t', '-v', 'ON_ERROR_STOP=1', '-c', query];
  }

  /** Adds a person. */
  addUser(login, password) {
    const result = run(['user', '--config', this.path('conf/backend.toml'), 'add', login, '--password-stdin'], { input: password });
    if (result.code !== 0) throw new Error(`untxt user add: ${result.said}`);
  }
}

const rowsOf = (text) => text.split('\n').filter((line) => line !== '').map((line) => line.split('\t'));

/** Runs `untxt` to its end. */
export function run(args, { env = {}, input, seconds = 60 } = {}) {
  const result = spawnSync(UNTXT, args, { env: { PATH: process.env.PATH, ...env }, input, timeout: seconds * 1000, encoding: 'utf8' });
  return { code: result.status, said: `${result.stdout}${result.stderr}`, error: result.stderr };
}
