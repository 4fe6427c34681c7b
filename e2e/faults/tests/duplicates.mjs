// 6. Every wake-up thirty times, two sweepers, and one upload fifty times at once: one document, one effect.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

const COPIES = 30;
const UPLOADS = 50;

export default async function prove(t, site) {
  const promised = [];
  for (const pages of [6, 3, 1]) promised.push(await site.person.insist(digital(pages)));
  for (const { task } of promised) {
    for (const kind of ['inspect', 'recognise', 'finish']) {
      const entry = JSON.stringify({ version: 1, kind, queue: 'interactive', task, trace: randomUUID() });
      const script = `for i = 1, ${COPIES} do redis.call('xadd', KEYS[1], '*', 'entry', ARGV[1]) end return ${COPIES}`;
      assert.equal(site.redisCommand('eval', script, '1', 'ocr:jobs:interactive', entry), String(COPIES));
    }
  }
  const [document, key] = [digital(2), randomUUID()];
  const answers = await Promise.all(Array.from({ length: UPLOADS }, () => site.person.insist({ ...document, key })));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1, 'one document');
  assert.equal(new Set(answers.map(({ task }) => task)).size, 1, 'one task');
  promised.push(answers[0]);
  t.diagnostic(`${promised.length * COPIES * 3} wake-ups, ${UPLOADS} uploads at once with ${answers.reduce((sum, { tries }) => sum + tries, 0)} tries`);
  await expectSound(site, promised);
}
