// The order of the proofs. One stack serves most of them; the supervisor's proofs start their own.
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';

import { Client } from './client.mjs';
import { Collector } from './collector.mjs';
import { Stack, freePort } from './stack.mjs';
import { Capture } from './wire.mjs';

const PROOFS = ['readers', 'journey', 'keys', 'stop', 'queue', 'search', 'filing', 'sharing', 'links', 'holds', 'account', 'passkeys', 'sso', 'traces', 'wire', 'hops', 'doctor', 'rerun', 'restart', 'crowd', 'bad_input', 'hostile', 'faults', 'at_rest', 'supervisor', 'backup', 'shred', 'upgrade'];
const wanted = process.argv.slice(2);

/** What the proofs share. The canaries are words that stand nowhere but in our documents. */
const world = {
  canaries: ['Zylindrakowski', 'Quorvex', 'Wobbelsheim'],
  fileName: 'Fallakte Wobbelsheim.pdf',
  heading: 'Zylindrakowski meets Quorvex',
  shots: process.env.UNTXT_SHOTS,
};

await test('UNTXT end to end', async (t) => {
  world.stack = await Stack.start({ collector: await freePort() });
  try {
    world.collector = await new Collector(world.stack).listen();
    // A second start, so that the capture sees every connection from its first byte.
    if (process.env.UNTXT_CAPTURE !== 'off') {
      await world.stack.stop();
      world.capture = await Capture.start(world.stack.folder);
      t.diagnostic(`ready again after ${await world.stack.start()} ms`);
    }
    world.admin = await Client.logIn(world.stack);
    if (world.shots) mkdirSync(world.shots, { recursive: true });
    for (const name of PROOFS) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const { default: prove } = await import(`./proofs/${name}.mjs`);
      await t.test(name, (t) => prove(t, world));
    }
  } finally {
    if (world.capture?.process.exitCode === null) world.capture.process.kill('SIGINT');
    world.collector?.close();
    await world.stack.stop();
  }
});
