// 5. A worker cut off from one server only, and one that sleeps for longer than its lease and wakes up again: what it
// still believes to own is somebody else's by then, and nothing that it writes counts.
import assert from 'node:assert/strict';

import { sleep, until } from '../../processes.mjs';
import { scanned } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';

export default async function prove(t, site) {
  const [worker] = site.workers;
  const promised = [];
  for (const server of ['postgres', 'redis', 'store']) {
    const one = await site.person.insist(scanned(8));
    promised.push(one);
    await claims(site, worker, one);
    site.way(worker, server).freeze();
    await sleep((LEASE_SECONDS + 1.5) * 1000);
    // The network may hold back what it had, or forget it.
    if (server === 'redis') site.way(worker, server).reset();
    site.way(worker, server).heal();
    t.diagnostic(`cut off from ${server} for ${LEASE_SECONDS + 1.5} s`);
  }
  const one = await site.person.insist(scanned(8));
  promised.push(one);
  await claims(site, worker, one);
  worker.signal('SIGSTOP');
  await sleep((LEASE_SECONDS + 1.5) * 1000);
  worker.signal('SIGCONT');
  await expectSound(site, promised, { seconds: 90 });
  const taken = readClaims(site, promised.map(({ task }) => task)).filter(({ claimedBy, endedAs }) => claimedBy === worker.who && endedAs === 'taken');
  t.diagnostic(`${taken.length} claims were taken over from a worker that was cut off or asleep`);
  assert.ok(taken.length > 0, 'nobody lost a claim: this proves nothing');
}

/** Waits until a worker has a page of a document. */
export async function claims(site, worker, { task }) {
  const has = () => readClaims(site, [task]).some(({ claimedBy, page, endedAt }) => claimedBy === worker.who && page !== null && endedAt === null);
  await until(`${worker.name} has a page`, 30, has);
}
