// 1. kill -9 of workers and of their reading children at moments that chance chooses, also between the store's answer,
// the commit and the acknowledgement: another goes on within a lease and two seconds, and nothing is read twice.
import assert from 'node:assert/strict';

import { sleep } from '../../processes.mjs';
import { digital, scanned } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';
import { claims } from './partitions.mjs';

const KILLS = 20;
const RECOVERIES = 2;
/** Beyond the lease: a second of the sweeper, a second of the queue. */
const GRACE_SECONDS = 2;
/** Kills from outside may hit one page again and again; that is not its fault. */
export const MANY_ATTEMPTS = 12;

export default async function prove(t, site, random) {
  for (const worker of site.workers) await worker.restart({ env: { UNTXT_WORKER__MAX_ATTEMPTS: String(MANY_ATTEMPTS) } });
  const promised = [];
  for (const document of [digital(8), scanned(6), digital(8), digital(1), scanned(3), digital(8)]) promised.push(await site.person.insist(document));
  const killed = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const worker = random.pick(site.workers);
    const what = await strike(site, worker, random);
    if (what !== 'child') {
      killed.push({ who: worker.who, at: Date.now() });
      worker.start({ env: { UNTXT_WORKER__MAX_ATTEMPTS: String(MANY_ATTEMPTS) } });
    }
    await sleep(random.between(50, 500));
  }
  await expectSound(site, promised, { maxAttempts: MANY_ATTEMPTS });
  const hit = recoveries(site, promised, killed).length;
  assert.ok(hit > 0, 'no kill hit any work: this proves nothing');
  t.diagnostic(`${KILLS} kills, ${hit} claims lost their worker`);
  await recoversInTime(t, site);
}

/** One page, whose worker dies and stays dead, and another worker that has nothing else to do. */
async function recoversInTime(t, site) {
  for (let time = 0; time < RECOVERIES; time += 1) {
    const [worker] = site.workers;
    const [, other] = site.workers;
    // One that was killed just now may still be on its way, or have ended because it could not reach a server.
    for (const each of site.workers) each.start();
    await site.isAtWork();
    await other.stop();
    // Long enough at work to be seen there.
    const one = await site.person.insist(scanned(1, { lines: 60, dpi: 400 }));
    await claims(site, worker, one);
    const killed = [{ who: worker.who, at: Date.now() }];
    await worker.kill();
    other.start();
    await expectSound(site, [one]);
    const [seconds] = recoveries(site, [one], killed);
    t.diagnostic(`taken over ${seconds.toFixed(1)} s after the death of its worker, with a lease of ${LEASE_SECONDS} s`);
    assert.ok(seconds <= LEASE_SECONDS + GRACE_SECONDS, `recovered after ${seconds} s`);
    worker.start();
  }
}

/** Kills at a moment of one of these kinds. */
async function strike(site, worker, random) {
  const moment = random.pick(['any', 'child', 'stored', 'asked', 'committed', 'acknowledged']);
  const ways = { stored: ['store', 'reply'], asked: ['postgres', 'request'], committed: ['postgres', 'reply'], acknowledged: ['redis', 'request'] };
  if (moment in ways) await site.way(worker, ways[moment][0]).next(ways[moment][1], 1500);
  const child = moment === 'child' && site.childOf(worker);
  if (!child) await worker.kill();
  else
    try {
      process.kill(child.pid, 'SIGKILL');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  return child ? 'child' : moment;
}

/** Seconds from the death of a worker to the moment when its work was in another's hands. */
function recoveries(site, promised, killed) {
  const claims = readClaims(site, promised.map(({ task }) => task));
  return killed.flatMap(({ who, at }) =>
    claims.filter(({ claimedBy, endedBy, endedAt }) => claimedBy === who && endedBy !== who && endedAt > at).map(({ endedAt }) => (endedAt - at) / 1000),
  );
}
