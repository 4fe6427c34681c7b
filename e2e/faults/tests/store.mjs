// 4. The store is down, slow, half-open, or its answers break off: the work waits and no attempt is used up; an upload is
// refused with 503 and never half taken.
import assert from 'node:assert/strict';

import { sleep } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

export default async function prove(t, site) {
  const ways = site.allWays('store');
  const promised = [];
  const faults = {
    'is down': (way) => way.cut(),
    'is slow': (way) => way.delay(400),
    'breaks answers off': (way) => way.truncate(2000),
    'is half-open': (way) => way.freeze(),
  };
  for (const [name, strike] of Object.entries(faults)) {
    for (const pages of [4, 1]) promised.push(await site.person.insist(digital(pages)));
    for (const way of ways) strike(way);
    const document = digital(1);
    const upload = name === 'is half-open' ? null : await site.person.upload(document.name, document.bytes);
    await sleep(1500);
    for (const way of ways) way.heal();
    if (upload?.status === 202) promised.push({ ...document, id: upload.json.id, task: upload.json.task.id });
    else if (upload) assert.deepEqual([upload.status, upload.headers['retry-after'] !== undefined], [503, true], `${name}: ${upload.text}`);
    t.diagnostic(`${name}: an upload was answered ${upload?.status ?? 'by nobody'}`);
  }
  await site.store.kill();
  const document = digital(1);
  assert.equal((await site.person.upload(document.name, document.bytes)).status, 503, 'killed');
  await site.startServer('store');
  await expectSound(site, promised, { seconds: 90 });
  const tries = site.sql(`select max(tries) from pages where task_id in (${promised.map(({ task }) => `'${task}'`).join(',')})`);
  assert.equal(tries[0][0], '1', 'an outage uses up no attempt');
}
