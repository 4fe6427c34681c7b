// 3. Postgres is restarted five times under load, and commits whose answer is lost: the same key gives the same document.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { sleep, until } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

const RESTARTS = 5;
/** Each takes as many times the delay as an upload has questions. */
const LOST_ANSWERS = process.env.UNTXT_FAULTS ? 3 : 1;

export default async function prove(t, site, random) {
  const promised = [];
  const uploading = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    for (const pages of [1, 5]) uploading.push(site.person.insist(digital(pages)).then((one) => promised.push(one)));
    await sleep(random.between(200, 900));
    // What `pg_ctl -m immediate restart` does.
    await site.postgres.stop('SIGQUIT');
    await site.startServer('postgres');
  }
  await Promise.all(uploading);
  t.diagnostic(`${RESTARTS} restarts, ${promised.reduce((sum, { tries }) => sum + tries - 1, 0)} uploads tried again`);
  await expectSound(site, promised);

  const way = site.way(site.backend, 'postgres');
  const lost = [];
  for (let number = 0; number < LOST_ANSWERS; number += 1) {
    const [document, key] = [digital(2), randomUUID()];
    const count = () => Number(site.sql('select count(*) from documents')[0][0]);
    const before = count();
    // The commit arrives, its answer is still on its way when the connection ends.
    way.delay(300, 'reply');
    const first = site.person.upload(document.name, document.bytes, { key }).catch(() => ({ status: 0 }));
    await until('the commit', 20, () => count() > before);
    way.cut();
    way.heal();
    const { status } = await first;
    assert.ok(status === 0 || status >= 500, `an answer that nobody could know: ${status}`);
    const again = await site.person.insist({ ...document, key });
    assert.equal(count(), before + 1, 'one document');
    lost.push(again);
  }
  await expectSound(site, lost);
}
