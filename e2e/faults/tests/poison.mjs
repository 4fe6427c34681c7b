// 7. A document that kills its reader, and one that kills the whole worker, each time: it ends as failed after as many
// attempts as there may be, and its neighbours are read as if it were not there.
import assert from 'node:assert/strict';

import { sleep } from '../../processes.mjs';
import { digital, scanned } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { MAX_ATTEMPTS } from '../site.mjs';

const NEIGHBOURS = 10;

export default async function prove(t, site) {
  for (const victim of ['reader', 'worker']) {
    const poison = { ...(await site.person.insist(scanned(1, { lines: 40, dpi: 200 }))), wanted: 'failed' };
    const poisoning = kill(site, poison, victim);
    const neighbours = [];
    for (let number = 0; number < NEIGHBOURS; number += 1) neighbours.push(await site.person.insist(digital(1)));
    const kills = await poisoning;
    assert.equal(kills, MAX_ATTEMPTS, `killed ${kills} times`);
    await expectSound(site, [poison, ...neighbours]);
    const [[code, failure]] = site.sql(`select failure_code, (select failure_code from pages where task_id = id) from tasks where id = '${poison.task}'`);
    assert.deepEqual([code, failure], ['crashed', 'crashed']);
    t.diagnostic(`its ${victim} killed ${kills} times; neighbours ended after ${waits(site, neighbours)} s`);
  }
}

/** Strikes whoever reads this document, every time that somebody begins to. Gives how often that was. */
async function kill(site, { task }, victim) {
  const struck = new Set();
  for (let waited = 0; waited < 1500; waited += 1) {
    const begun = readClaims(site, [task]).find(({ page, endedAt, attempt }) => page !== null && endedAt === null && !struck.has(attempt));
    const worker = begun && site.workers.find(({ who }) => who === begun.claimedBy);
    const child = worker && site.childOf(worker);
    if (child) {
      struck.add(begun.attempt);
      if (victim === 'reader') process.kill(child.pid, 'SIGKILL');
      else await worker.restart();
    }
    if (!begun && site.sql(`select 1 from tasks where id = '${task}' and ended_at is not null`).length > 0) break;
    await sleep(20);
  }
  return struck.size;
}

/** The median and the longest time from being acknowledged to the end. */
function waits(site, promised) {
  const rows = site.sql(`select extract(epoch from ended_at - created_at) from tasks where id in (${promised.map(({ task }) => `'${task}'`).join(',')}) order by 1`);
  const seconds = rows.map(([text]) => Number(text).toFixed(1));
  return `${seconds[Math.floor(seconds.length / 2)]} (median) and ${seconds.at(-1)} (longest)`;
}
