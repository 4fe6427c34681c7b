// 7. A document that kills its reader, and one that kills the whole worker, each time: it ends as failed after as many
// attempts as there may be, and its neighbours are read as if it were not there.
import assert from 'node:assert/strict';

import { sleep } from '../../processes.mjs';
import { digital, scanned } from '../documents.mjs';
import { readClaims, watchClaims } from '../ledger.mjs';
import { expectSound } from '../oracle.mjs';
import { Person } from '../person.mjs';
import { MAX_ATTEMPTS } from '../site.mjs';

const NEIGHBOURS = 5;
/** A row says when it was made, and is seen when its transaction is over. */
const COMMIT_MS = 500;
const OTHER = { login: 'neighbour', password: 'a-neighbour-has-a-password' };

export default async function prove(t, site) {
  site.stack.addUser(OTHER.login, OTHER.password);
  const other = await Person.logIn(site.stack, OTHER.login, OTHER.password);
  for (const victim of ['reader', 'worker']) {
    const poison = { ...(await site.person.insist(scanned(1, { lines: 40, dpi: 200 }))), wanted: 'failed' };
    const poisoning = kill(site, poison, victim);
    const [own, others] = [[], []];
    for (let number = 0; number < NEIGHBOURS; number += 1) {
      own.push(await site.person.insist(digital(1)));
      others.push({ ...(await other.insist(digital(1))), reader: other });
    }
    const kills = await poisoning;
    await expectSound(site, [poison, ...own, ...others]);
    const [ended] = site.sql(`select t.failure_code, p.failure_code, p.tries from tasks t join pages p on p.task_id = t.id where t.id = '${poison.task}'`);
    assert.deepEqual(ended, ['crashed', 'crashed', String(MAX_ATTEMPTS)]);
    // A reader that dies before it has been given the page costs no attempt.
    assert.ok(kills >= MAX_ATTEMPTS, `killed ${kills} times`);
    t.diagnostic(`its ${victim} killed ${kills} times; neighbours ended after ${waits(site, own)} s, those of another person after ${waits(site, others)} s`);
    // What nobody has opened comes before what was given back, but the slot that opened it begins its page in the same
    // turn; between two people, one page of each.
    assert.ok(overtaken(site, poison, own) <= 1, 'it was begun again while a document of the same person waited');
    assert.ok(overtaken(site, poison, others) <= 1, 'it was begun again more than once while a document of another waited');
  }
}

/** Strikes whoever reads this document, every time that somebody begins to. Gives how often that was. */
async function kill(site, { task }, victim) {
  const struck = new Set();
  for (let waited = 0; waited < 1500; waited += 1) {
    const claims = await watchClaims(site, [task]);
    const begun = claims.find(({ page, endedAt, attempt }) => page !== null && endedAt === null && !struck.has(attempt));
    const worker = begun && site.workers.find(({ who }) => who === begun.claimedBy);
    const child = worker && site.childOf(worker);
    if (child) {
      struck.add(begun.attempt);
      if (victim === 'reader') process.kill(child.pid, 'SIGKILL');
      else await worker.restart();
    }
    if (!begun && (await site.stack.ask(`select 1 from tasks where id = '${task}' and ended_at is not null`)).length > 0) break;
    await sleep(20);
  }
  return struck.size;
}

/** How often, at most, one of these documents waited for its first moment while the poisoned page was begun. */
function overtaken(site, poison, neighbours) {
  const begun = readClaims(site, [poison.task]).filter(({ page }) => page !== null).map(({ claimedAt }) => claimedAt);
  const tasks = neighbours.map(({ task }) => task);
  const first = new Map(readClaims(site, tasks).reverse().map(({ task, claimedAt }) => [task, claimedAt]));
  const rows = site.sql(`select id, (extract(epoch from created_at) * 1000)::bigint from tasks where id in (${tasks.map((id) => `'${id}'`).join(',')})`);
  return Math.max(...rows.map(([task, created]) => begun.filter((at) => at > Number(created) + COMMIT_MS && at < first.get(task)).length));
}

/** The median and the longest time from being acknowledged to the end. */
function waits(site, promised) {
  const rows = site.sql(`select extract(epoch from ended_at - created_at) from tasks where id in (${promised.map(({ task }) => `'${task}'`).join(',')}) order by 1`);
  const seconds = rows.map(([text]) => Number(text).toFixed(1));
  return `${seconds[Math.floor(seconds.length / 2)]} (median) and ${seconds.at(-1)} (longest)`;
}
