// A minute of faults chosen by chance, under load: nothing is lost, nothing is done twice, nothing is stuck.
import assert from 'node:assert/strict';

import { run } from '../chaos.mjs';

export default async function prove(t, site, random) {
  const limit = process.env.UNTXT_FAULTS ? { faults: Number(process.env.UNTXT_FAULTS) } : { seconds: 60 };
  const { faults, counts, tasks, pages, tries, drainedMs, lost, double, stuck, complaints } = await run(site, random, limit);
  t.diagnostic(`UNTXT_SEED=${random.seed}: ${faults} faults, ${tasks} tasks with ${pages} pages, ${tries - tasks} uploads tried again; drained ${(drainedMs / 1000).toFixed(1)} s after the last fault`);
  t.diagnostic(Object.entries(counts).map(([name, count]) => `${name} ${count}`).sort().join(', '));
  t.diagnostic(`${lost} lost, ${double} double, ${stuck} stuck`);
  assert.deepEqual(complaints, []);
}
