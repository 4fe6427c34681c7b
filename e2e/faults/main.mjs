// The order of the fault tests, over one site. `UNTXT_SEED` repeats a run; names on the command line choose some of them.
import { test } from 'node:test';

import { Random } from './random.mjs';
import { Site } from './site.mjs';

const TESTS = ['canary', 'kills', 'redis', 'postgres', 'store', 'partitions', 'duplicates', 'poison', 'full_disk', 'clocks', 'overload', 'endurance', 'chaos', 'guard'];
const wanted = process.argv.slice(2);
const random = Random.fromEnvironment();

await test(`faults (UNTXT_SEED=${random.seed})`, async (t) => {
  const site = await (await Site.make()).start();
  try {
    for (const name of TESTS) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const { default: prove } = await import(`./tests/${name}.mjs`);
      await t.test(name, async (t) => {
        // A failure says enough; the next test begins with a site that is whole.
        await site.heal();
        for (const worker of site.workers) await worker.restart();
        await site.isAtWork();
        await site.person.renew();
        await prove(t, site, new Random(random.seed));
      });
    }
  } finally {
    await site.stop();
  }
});
