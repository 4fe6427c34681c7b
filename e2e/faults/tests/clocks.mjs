// 9. Clocks that are wrong: workers an hour ahead, an hour behind and twenty days ahead, and a database whose clock jumps
// by more than a lease. Only the database's clock counts, so nothing ends twice.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

import { sleep } from '../../processes.mjs';
import { digital, scanned } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';
import { claims } from './partitions.mjs';

export default async function prove(t, site) {
  const library = findLibrary();
  if (!library) return t.skip('libfaketime is not installed');
  const fake = { LD_PRELOAD: library, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const [worker, other] = site.workers;
  for (const shift of ['+1h', '-1h', '+20d']) {
    await worker.restart({ env: { ...fake, FAKETIME: shift } });
    await sleep(1000);
    const promised = [];
    for (const pages of [5, 1, 5]) promised.push(await site.person.insist(digital(pages)));
    await expectSound(site, promised);
    const taken = readClaims(site, promised.map(({ task }) => task)).filter(({ claimedBy }) => claimedBy === worker.who);
    t.diagnostic(`worker at ${shift}: ${worker.isRunning ? `${taken.length} claims, ${taken.filter(({ endedAs }) => endedAs === 'done').length} ended in "done"` : 'did not start'}`);
  }
  await worker.restart();

  const clock = `${site.folder('clock')}/shift`;
  writeFileSync(clock, '+0s');
  await site.postgres.stop('SIGINT');
  await site.startServer('postgres', { env: { ...fake, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1' } });
  for (const seconds of [LEASE_SECONDS * 2, 0]) {
    const one = await site.person.insist(scanned(10));
    await claims(site, worker, one);
    const before = Number(site.sql('select extract(epoch from clock_timestamp())')[0][0]);
    writeFileSync(clock, `+${seconds}s`);
    const after = Number(site.sql('select extract(epoch from clock_timestamp())')[0][0]);
    assert.ok(Math.abs(after - before) > LEASE_SECONDS, `the clock did not jump: ${after - before} s`);
    await expectSound(site, [one], { seconds: 60 + LEASE_SECONDS * 2 });
    const list = readClaims(site, [one.task]);
    t.diagnostic(`the database's clock jumped by ${(after - before).toFixed(0)} s: ${list.filter(({ endedAs }) => endedAs === 'taken').length} of ${list.length} claims changed hands`);
  }
  await site.postgres.stop('SIGINT');
  await site.startServer('postgres');
  assert.ok(other.isRunning);
}

function findLibrary() {
  const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`);
  return folders.find((path) => existsSync(path));
}
