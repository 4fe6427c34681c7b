// 2. Redis dies, comes back with nothing, loses its stream or its group, or stays away: documents are read all the same.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { sleep, until } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

const STREAM = 'ocr:jobs:interactive';

export default async function prove(t, site) {
  const promised = [];
  // A wake-up that Redis did not take is sent by the sweeper, and the workers make the group: either may take a moment.
  const hasGroup = () => /workers/.test(site.redisCommand('xinfo', 'groups', STREAM));
  const add = async (pages) => promised.push(await site.person.insist(digital(pages)));

  await add(6);
  await site.redis.restart();
  await add(1);
  t.diagnostic('killed and started again');

  await site.startServer('redis');
  await add(4);
  await site.redis.kill();
  rmSync(site.stack.path('redis/data/appendonlydir'), { recursive: true });
  await site.startServer('redis');
  await add(1);
  t.diagnostic('killed and started again with nothing');

  for (const [command, ...rest] of [['flushall'], ['del', STREAM], ['xgroup', 'destroy', STREAM, 'workers']]) {
    await add(2);
    await until('the stream has its group', 30, hasGroup);
    const said = site.redisCommand(command, ...rest);
    assert.doesNotMatch(said, /ERR|NOAUTH|NOPERM|^$/, `${command}: ${said}`);
  }

  await site.redis.stop();
  await add(3);
  await add(1);
  // Away for longer than a lease, and taken work goes on.
  await expectSound(site, promised);
  const begin = Date.now();
  await site.startServer('redis');
  await sleep(1500);
  await add(1);
  await expectSound(site, promised.slice(-1));
  t.diagnostic(`back again: a document was read ${((Date.now() - begin) / 1000).toFixed(1)} s after the start of Redis`);
  await until('the group is there again', 30, hasGroup);
}
