// What the documents say, what they are called, and what their folders and tags are, is nowhere on the disk.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';

import { search } from '../leaks.mjs';
import { render, textPdf } from '../samples.mjs';

export default async function prove(t, world) {
  const { stack, admin, canaries } = world;
  // With the journey left out there would be nothing to find.
  if (!world.document) {
    const bytes = render(textPdf([[world.heading, 'at rest']]), 150, 'png')[0];
    world.document = await admin.ended((await admin.add(world.fileName.replace('.pdf', '.png'), bytes)).id);
  }
  const text = (await admin.get(`/documents/${world.document.id}/formats/txt`)).text;
  for (const word of world.heading.split(' ')) assert.ok(text.includes(word), `${word} was not read: this proof would prove nothing`);
  for (const noun of ['folders', 'tags']) {
    const made = await admin.send('POST', `/api/v1/${noun}`, { json: { name: `${canaries[0]} at rest` } });
    assert.equal(made.status, 201, made.text);
  }
  stack.sql('checkpoint');

  await t.test('no word and no name in the database, the store, the queue, the logs or anywhere else', async (t) => {
    const { files, bytes, hits } = await search(stack.data, canaries);
    t.diagnostic(`${files} files, ${(bytes / 1e6).toFixed(0)} MB searched`);
    for (const folder of ['postgres/cluster', 'store', 'redis/data', 'logs']) {
      assert.ok((await search(stack.path(folder), [])).bytes > 0, `${folder} is empty: this proof would prove nothing`);
    }
    assert.deepEqual(hits, []);
  });

  await t.test('the control: a word written in clear is found, in a table and in a file', async () => {
    stack.sql(`create table control (word text); insert into control values ('Zylindrakowski in clear'); checkpoint`, 'postgres');
    writeFileSync(stack.path('store/control'), Buffer.concat([Buffer.alloc(100_000, 7), Buffer.from('Quorvex')]));
    const { hits } = await search(stack.data, canaries);
    assert.ok(hits.some((hit) => /postgres\/cluster\/base\/.*Zylindrakowski/.test(hit)), 'table');
    assert.ok(hits.some((hit) => /postgres\/cluster\/pg_wal\/.*Zylindrakowski/.test(hit)), 'log of the database');
    assert.ok(hits.some((hit) => /store\/control.*Quorvex/.test(hit)), 'file');
  });

  await t.test('passwords are in no log', async () => {
    const secrets = readdirSync(stack.path('secrets')).map((name) => stack.read(`secrets/${name}`).toString().trim());
    assert.deepEqual((await search(stack.path('logs'), [stack.password, ...secrets])).hits, []);
  });
}
