// 9. Clocks that are wrong: workers an hour ahead, an hour behind and twenty days ahead, and a database whose clock jumps
// by more than a lease. Only the database's clock counts, so nothing ends twice, and a claim changes hands when that
// clock says so, however long it really was.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

import { sleep, until } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';
import { strikeAtWork } from './partitions.mjs';

/** How far the database's clock jumps. */
const JUMP_SECONDS = LEASE_SECONDS + 2;
const MAX_DOCUMENTS = 20;

export default async function prove(t, site) {
  const library = findLibrary();
  if (!library) return t.skip('libfaketime is not installed');
  const fake = { LD_PRELOAD: library, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const [worker] = site.workers;
  for (const shift of ['+1h', '-1h', '+20d']) await worksWithAWrongClock(t, site, { worker, shift, env: { ...fake, FAKETIME: shift } });

  const clock = `${site.folder('clock')}/shift`;
  writeFileSync(clock, '+0s');
  await site.postgres.stop('SIGINT');
  await site.startServer('postgres', { env: { ...fake, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1' } });
  // Now, because a worker does not start without Postgres.
  await worker.restart();
  try {
    for (const seconds of [JUMP_SECONDS, 0]) await jumps(t, site, { worker, clock, seconds });
  } finally {
    worker.signal('SIGCONT');
    await site.postgres.stop('SIGINT');
    await site.startServer('postgres');
  }
}

/** One whose certificates are not valid by its clock does not start; each other one reads like any worker. */
async function worksWithAWrongClock(t, site, { worker, shift, env }) {
  await worker.restart({ env });
  await sleep(1000);
  const promised = [];
  const taken = () => readClaims(site, promised.map(({ task }) => task)).filter(({ claimedBy }) => claimedBy === worker.who);
  do promised.push(await site.person.insist(digital(5)));
  while (worker.isRunning && taken().length === 0 && promised.length < MAX_DOCUMENTS);
  await expectSound(site, promised);
  const done = taken().filter(({ endedAs }) => endedAs === 'done').length;
  t.diagnostic(`worker at ${shift}: ${worker.isRunning ? `${taken().length} claims, ${done} ended in "done"` : 'did not start'}`);
  assert.equal(done > 0, worker.isRunning, `${done} pages were read by ${worker.who}`);
}

/** A worker sleeps over its page while the clock jumps; another takes the page when the clock says so. */
async function jumps(t, site, { worker, clock, seconds }) {
  const now = () => Number(site.sql('select extract(epoch from clock_timestamp())')[0][0]);
  const one = await strikeAtWork(site, worker, { strike: () => worker.signal('SIGSTOP'), undo: () => worker.signal('SIGCONT') });
  const [before, begin] = [now(), Date.now()];
  writeFileSync(clock, `+${seconds}s`);
  const jumped = now() - before;
  assert.ok(Math.abs(jumped) > LEASE_SECONDS, `the clock did not jump: ${jumped} s`);
  const isTaken = () => readClaims(site, [one.task]).some(({ claimedBy, endedAs }) => claimedBy === worker.who && endedAs === 'taken');
  await until('the page changes hands', 60 + JUMP_SECONDS, isTaken);
  const waited = (Date.now() - begin) / 1000;
  worker.signal('SIGCONT');
  await expectSound(site, [one]);
  t.diagnostic(`the database's clock jumped by ${jumped.toFixed(0)} s: a page changed hands after ${waited.toFixed(1)} s, with a lease of ${LEASE_SECONDS} s`);
}

function findLibrary() {
  const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  return folders.find((path) => existsSync(path));
}
