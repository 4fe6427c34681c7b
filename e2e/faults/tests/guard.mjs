// The guard of the guards: with one of the three protections left out, the same judge must complain of what it accepts
// when nothing is left out.
import assert from 'node:assert/strict';
import { copyFileSync, chmodSync, chownSync, existsSync, statSync } from 'node:fs';

import { sleep, until } from '../../processes.mjs';
import { UNTXT } from '../../stack.mjs';
import { digital, scanned } from '../documents.mjs';
import { readClaims } from '../ledger.mjs';
import { judge } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';
import { claims } from './partitions.mjs';

/** Built from the same source with the feature `sabotage`; never installed. */
const SABOTAGED = process.env.UNTXT_SABOTAGED ?? `${UNTXT}-sabotaged`;
/** What was not told again for so long is told again by the sweeper. */
const STALE_SECONDS = 15;
const PATIENCE_SECONDS = 60;
/** How much longer a scene without its protection may take than it took with it. */
const ADVANTAGE_SECONDS = 6;

/**
 * What each protection is for, each on a site where nothing else goes on: any wake-up makes a slot ask for whatever
 * there is to do, and would help by chance. The fence comes last, because nothing repairs what is done without it.
 */
const SCENES = {
  // The word that there is something to do was lost: the row says so all the same, and is told again.
  outbox: async (site) => {
    site.way(site.backend, 'redis').cut();
    const one = await site.person.insist(digital(2));
    await sleep(500);
    site.way(site.backend, 'redis').heal();
    // So that nobody has to wait for it.
    site.sql(`update tasks set dispatched_at = dispatched_at - interval '${STALE_SECONDS - 1} s' where id = '${one.task}'`);
    return one;
  },
  // A worker died over its page and stays dead: another one is told when the lease has run out.
  reconciler: async (site) => {
    const one = await site.person.insist(scanned(1, { lines: 40, dpi: 200 }));
    const holder = () => readClaims(site, [one.task]).find(({ page, endedAt }) => page !== null && endedAt === null)?.claimedBy;
    const who = await until('somebody has the page', 30, holder);
    await site.workers.find((worker) => worker.who === who).kill();
    return one;
  },
  // A worker sleeps over its page and wakes up when another has it: it is told so, and writes nothing.
  fence: async (site, start) => {
    const [worker, other] = site.workers;
    await other.stop();
    const one = await site.person.insist(scanned(8));
    await claims(site, worker, one);
    worker.signal('SIGSTOP');
    await sleep((LEASE_SECONDS + 0.5) * 1000);
    start(other);
    const isTaken = () => readClaims(site, [one.task]).some(({ claimedBy, endedAs }) => claimedBy === worker.who && endedAs === 'taken');
    await until('the page is taken over', 30, isTaken);
    worker.signal('SIGCONT');
    return one;
  },
};

export default async function prove(t, site) {
  const program = install(site);
  const usual = {};
  for (const [name, scene] of Object.entries(SCENES)) {
    const { seconds, complaints } = await play(site, scene, { program }, PATIENCE_SECONDS);
    assert.deepEqual(complaints, [], `${name}: nothing was left out`);
    usual[name] = seconds;
  }
  for (const [name, scene] of Object.entries(SCENES)) {
    const { complaints } = await play(site, scene, { program, env: { SABOTAGE: name } }, usual[name] + ADVANTAGE_SECONDS);
    assert.ok(complaints.length > 0, `without the ${name} nobody complains`);
    t.diagnostic(`sound after ${usual[name].toFixed(1)} s; without the ${name}: ${complaints.map((text) => text.replace(/^\S+ /, '')).join('; ')}`);
  }
}

/** Plays one scene with workers started in a way; gives what the judge says, and after how long. */
async function play(site, scene, how, patience) {
  const start = (worker) => worker.start(how);
  await becomeQuiet(site, start);
  const one = await scene(site, start);
  const begin = Date.now();
  const complaints = await judge(site, [one], { seconds: patience });
  return { complaints, seconds: (Date.now() - begin) / 1000 };
}

/** Starts the workers, with no wake-up left of what was before, and waits until they have nothing to do. */
async function becomeQuiet(site, start) {
  for (const worker of site.workers) await worker.kill();
  site.redisCommand('flushall');
  for (const worker of site.workers) {
    const count = () => site.log(worker.name).split('worker is ready').length;
    const before = count();
    start(worker);
    await until(`${worker.name} is ready`, 60, () => count() > before);
  }
  await until('there is nothing to do', 60, () => site.sql('select 1 from tasks where ended_at is null').length === 0);
  // At its start each slot asks once, and the sweeper looks at everything.
  await sleep(1500);
}

/** Puts the executable where the accounts of backend and workers can reach it. */
export function install(site) {
  assert.ok(existsSync(SABOTAGED), `${SABOTAGED} is missing: e2e/faults/run builds it`);
  const program = `${site.folder('sabotaged')}/untxt`;
  copyFileSync(SABOTAGED, program);
  chmodSync(program, 0o755);
  const { uid, gid } = statSync(site.workers[0].how.argv[0]);
  if (process.getuid() === 0) chownSync(program, uid, gid);
  return program;
}
