// 5. A worker cut off from one server only, and one that sleeps for longer than its lease and wakes up again: what it
// still believes to own is somebody else's by then, and nothing that it writes counts.
import assert from 'node:assert/strict';

import { sleep, until } from '../../processes.mjs';
import { scanned } from '../documents.mjs';
import { readClaims, watchClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';

/** How long nothing passes: longer than a lease, and than the one sweeper that is left takes to notice. */
const CUT_OFF_SECONDS = LEASE_SECONDS + 7;

export default async function prove(t, site) {
  const [worker] = site.workers;
  const promised = [];
  for (const server of ['postgres', 'redis', 'store']) {
    const way = site.way(worker, server);
    const one = await strikeAtWork(site, worker, { strike: () => way.freeze(), undo: () => way.heal() });
    promised.push(one);
    await sleep(CUT_OFF_SECONDS * 1000);
    // The network may hold back what it had, or forget it.
    if (server === 'redis') way.reset();
    way.heal();
    await changesHands(t, site, { worker, one, what: `cut off from ${server}`, isLost: server === 'postgres' });
  }
  const one = await strikeAtWork(site, worker, { strike: () => worker.signal('SIGSTOP'), undo: () => worker.signal('SIGCONT') });
  promised.push(one);
  await sleep(CUT_OFF_SECONDS * 1000);
  worker.signal('SIGCONT');
  await changesHands(t, site, { worker, one, what: 'asleep', isLost: true });
  await expectSound(site, promised, { seconds: 90 });
}

/** Uploads a document and strikes a worker that has a page of it, so that it still has one afterwards. */
export async function strikeAtWork(site, worker, { strike, undo }) {
  for (let time = 0; time < 10; time += 1) {
    const one = await site.person.insist(scanned(8));
    await claims(site, worker, one);
    strike();
    // What was under way has arrived by then.
    await sleep(300);
    if (readClaims(site, [one.task]).some(({ claimedBy, page, endedAt }) => claimedBy === worker.who && page !== null && endedAt === null)) return one;
    undo();
  }
  throw new Error(`${worker.name} was never struck at its work`);
}

/** Who can't renew loses its claim to another; who can keeps it. */
async function changesHands(t, site, { worker, one, what, isLost }) {
  await expectSound(site, [one], { seconds: 90 });
  const taken = readClaims(site, [one.task]).filter(({ claimedBy, endedBy, endedAs }) => claimedBy === worker.who && endedBy !== worker.who && endedAs === 'taken').length;
  t.diagnostic(`${what} for ${CUT_OFF_SECONDS} s: ${taken} claims were taken over`);
  assert.equal(taken > 0, isLost, `${what}: ${taken} claims were taken over`);
}

/** Waits until a worker has a page of a document. */
export async function claims(site, worker, { task }) {
  const has = async () => (await watchClaims(site, [task])).some(({ claimedBy, page, endedAt }) => claimedBy === worker.who && page !== null && endedAt === null);
  await until(`${worker.name} has a page`, 30, has);
}
