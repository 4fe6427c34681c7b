// One process of the site, started as `untxt up` starts it, but by us: to be killed, frozen and started at any moment.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

import { readProcess } from '../processes.mjs';

/** How a running process was started, learned from /proc: its command line, environment and account. */
export function learn(pid) {
  const texts = (name) => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter((text) => text !== '');
  const id = (name) => Number(new RegExp(`^${name}:\\t(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  return { argv: texts('cmdline'), env: Object.fromEntries(texts('environ').map((pair) => pair.split(/=(.*)/s, 2))), uid: id('Uid'), gid: id('Gid') };
}

export class Program {
  /** `how` is what `learn` gave; the process dies with us. */
  constructor({ name, how, log, env = {} }) {
    Object.assign(this, { name, how, log, env, child: null, incarnation: 0 });
  }

  /** Which life of this process this is. */
  get who() {
    return `${this.name}#${this.incarnation}`;
  }

  get isRunning() {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  start({ env = {}, program } = {}) {
    if (this.isRunning) return this;
    const { argv, uid, gid } = this.how;
    const account = process.getuid() === 0 ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
    const log = openSync(this.log, 'a');
    this.logged = fstatSync(log).size;
    // Set by the last link of the chain: setpriv itself shall not see them.
    const variables = Object.entries({ ...this.env, ...env }).map((pair) => pair.join('='));
    const args = ['--pdeathsig', 'KILL', ...account, '--', '/usr/bin/env', ...variables, program ?? argv[0], ...argv.slice(1)];
    this.child = spawn('/usr/bin/setpriv', args, { env: this.how.env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.incarnation += 1;
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    return this;
  }

  /** Says whether it has logged this since it was started. */
  hasSaid(text) {
    return readFileSync(this.log).subarray(this.logged).includes(text);
  }

  signal(name) {
    if (this.isRunning) this.child.kill(name);
  }

  /** kill -9, and waits until it is dead. */
  async kill() {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** kill -9, and starts it again at once. */
  async restart(options) {
    await this.kill();
    return this.start(options);
  }

  /** Asks it to end, and waits; the signal is the one that `untxt up` would send. */
  async stop(signal = 'SIGTERM') {
    this.signal(signal);
    await this.exited;
  }

  /** Memory that it has at this moment, in bytes. */
  get rss() {
    return readProcess(this.child.pid)?.rss ?? 0;
  }
}
