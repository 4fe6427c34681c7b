// The guard of the guards: with one of the three protections switched off, the same judge must complain. The same
// executable with nothing switched off must be sound.
import assert from 'node:assert/strict';
import { copyFileSync, chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';

import { sleep } from '../../processes.mjs';
import { UNTXT } from '../../stack.mjs';
import { digital, scanned } from '../documents.mjs';
import { judge } from '../oracle.mjs';
import { LEASE_SECONDS } from '../site.mjs';
import { claims } from './partitions.mjs';

/** Built from the same source with the feature `sabotage`; never installed. */
export const SABOTAGED = process.env.UNTXT_SABOTAGED ?? `${UNTXT}-sabotaged`;
/** A wake-up that was lost is repeated after 15 s. */
const PATIENCE_SECONDS = 22;

/** What each protection is for. */
const SCENES = {
  // Who lost the lease is told so, and writes nothing.
  fence: async (site, restart) => {
    const one = await site.person.insist(scanned(6));
    const [worker] = site.workers;
    await claims(site, worker, one);
    worker.signal('SIGSTOP');
    await sleep((LEASE_SECONDS + 1.5) * 1000);
    worker.signal('SIGCONT');
    return one;
  },
  // What was accepted is told to the workers until one takes it, though the first word was lost.
  outbox: async (site) => {
    site.way(site.backend, 'redis').cut();
    const one = await site.person.insist(digital(2));
    await sleep(500);
    site.way(site.backend, 'redis').heal();
    return one;
  },
  // What was taken is given to another when its worker died.
  reconciler: async (site, restart) => {
    const [worker, other] = site.workers;
    await other.stop();
    const one = await site.person.insist(scanned(1, { lines: 40, dpi: 200 }));
    await claims(site, worker, one);
    await worker.kill();
    await restart();
    return one;
  },
};

export default async function prove(t, site) {
  const program = install(site);
  for (const switchedOff of [null, ...Object.keys(SCENES)]) {
    const restart = async () => {
      for (const worker of site.workers) await worker.restart({ program, env: switchedOff ? { SABOTAGE: switchedOff } : {} });
      await sleep(1000);
    };
    for (const scene of switchedOff ? [switchedOff] : Object.keys(SCENES)) {
      await restart();
      const one = await SCENES[scene](site, restart);
      const complaints = await judge(site, [one], { seconds: PATIENCE_SECONDS });
      if (!switchedOff) assert.deepEqual(complaints, [], `${scene}: nothing was switched off`);
      else {
        assert.ok(complaints.length > 0, `without ${switchedOff} nobody complains`);
        t.diagnostic(`without ${switchedOff}: ${complaints.length} complaints, such as "${complaints[0].replace(/^\S+ /, '')}"`);
      }
    }
  }
  for (const worker of site.workers) await worker.restart();
}

/** Puts the executable where the account of the workers can reach it. */
function install(site) {
  assert.ok(existsSync(SABOTAGED), `${SABOTAGED} is missing: cargo build --bin untxt-sabotaged --features sabotage`);
  const folder = site.folder('sabotaged');
  mkdirSync(folder, { recursive: true });
  const program = `${folder}/untxt`;
  copyFileSync(SABOTAGED, program);
  chmodSync(program, 0o755);
  const { uid, gid } = statSync(site.workers[0].how.argv[0]);
  if (process.getuid() === 0) chownSync(program, uid, gid);
  return program;
}
