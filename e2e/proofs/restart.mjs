// Everything ends and starts again: it is all still there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { Client } from '../client.mjs';
import { render, textPdf } from '../samples.mjs';

export default async function prove(t, world) {
  const { stack } = world;
  if (!world.document) {
    const bytes = render(textPdf([[world.heading, 'restart']]), 150, 'png')[0];
    world.document = await world.admin.ended((await world.admin.add('restart.png', bytes)).id);
  }
  const { id, name, sha256 } = world.document;
  const before = (await world.admin.get(`/documents/${id}/formats/txt`)).text;
  assert.match(before, /Zylindrakowski/);

  await t.test('Ctrl-C stops everything, and a start brings everything back', async (t) => {
    const { code, left } = await stack.stop();
    assert.deepEqual(left, [], 'processes were left');
    assert.equal(code, 0, stack.said);
    const milliseconds = await stack.start();
    t.diagnostic(`ready after ${milliseconds} ms on an initialised folder`);
    assert.doesNotMatch(stack.said, /password/, 'the password is shown once');
  });

  await t.test('document, text, image and file are the same', async () => {
    world.admin = await Client.logIn(stack);
    const document = (await world.admin.get(`/documents/${id}`)).json;
    assert.deepEqual([document.name, document.sha256, document.task.state], [name, sha256, 'done']);
    assert.equal((await world.admin.get(`/documents/${id}/formats/txt`)).text, before);
    const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
    assert.equal(hash((await world.admin.get(`/documents/${id}/original`)).body), sha256);
    const image = hash((await world.admin.get(`/documents/${id}/pages/1/image`)).body);
    assert.equal(image, world.firstImage ?? image);
  });
}
