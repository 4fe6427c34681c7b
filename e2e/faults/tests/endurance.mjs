// kill -9 of a worker fifty times while one document of 200 pages is read: every page ends, none twice, and nobody
// touches anything.
import assert from 'node:assert/strict';

import { sleep } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { MANY_ATTEMPTS } from './kills.mjs';

const PAGES = 200;
const KILLS = 50;
/** So that the last kill comes before the last page, whatever the machine: kills wait for pages. */
const PAGES_PER_KILL = 3;

export default async function prove(t, site, random) {
  const env = { UNTXT_WORKER__MAX_ATTEMPTS: String(MANY_ATTEMPTS) };
  for (const worker of site.workers) await worker.restart({ env });
  const one = await site.person.insist(digital(PAGES));
  const ended = () => Number(site.sql(`select pages_done + pages_failed from tasks where id = '${one.task}'`)[0][0]);
  const killed = new Set();
  const begin = Date.now();
  while (killed.size < KILLS && ended() < PAGES - 10) {
    // Chance chooses the moment, the pages that were read the pace.
    if (ended() < killed.size * PAGES_PER_KILL && Date.now() - begin < 1000 * killed.size) {
      await sleep(50);
      continue;
    }
    const worker = random.pick(site.workers);
    await sleep(random.between(0, 300));
    killed.add(worker.who);
    await worker.restart({ env });
  }
  await expectSound(site, [one], { seconds: 120, maxAttempts: MANY_ATTEMPTS });
  const claims = readClaims(site, [one.task]);
  const lost = claims.filter(({ claimedBy, endedAs }) => killed.has(claimedBy) && endedAs === 'taken').length;
  t.diagnostic(`${killed.size} kills, ${PAGES} pages in ${((Date.now() - begin) / 1000).toFixed(0)} s, each once; ${lost} of ${claims.length} claims died with their worker`);
  assert.equal(killed.size, KILLS);
}
