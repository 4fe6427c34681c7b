// What the documents say, and what they are called, is nowhere on the disk.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
  stack.sql('checkpoint');

  await t.test('no word and no file name in the database, the store, the queue, the logs or anywhere else', (t) => {
    const { files, bytes, hits } = search(stack.data, canaries);
    t.diagnostic(`${files} files, ${(bytes / 1e6).toFixed(0)} MB searched, in UTF-8, UTF-16 and Base64`);
    for (const folder of ['postgres/cluster', 'store', 'redis/data', 'logs']) {
      assert.ok(search(stack.path(folder), []).bytes > 0, `${folder} is empty: this proof would prove nothing`);
    }
    assert.deepEqual(hits, []);
  });

  await t.test('the control: a word written in clear is found, in a table and in a file', () => {
    stack.sql(`create table control (word text); insert into control values ('Zylindrakowski in clear'); checkpoint`, 'postgres');
    writeFileSync(stack.path('store/control'), Buffer.concat([Buffer.alloc(100_000, 7), Buffer.from('Quorvex')]));
    const { hits } = search(stack.data, canaries);
    assert.ok(hits.some((hit) => /postgres\/cluster\/base\/.*Zylindrakowski/.test(hit)), 'table');
    assert.ok(hits.some((hit) => /postgres\/cluster\/pg_wal\/.*Zylindrakowski/.test(hit)), 'log of the database');
    assert.ok(hits.some((hit) => /store\/control.*Quorvex/.test(hit)), 'file');
  });

  await t.test('passwords are in no log', () => {
    const secrets = readdirSync(stack.path('secrets')).map((name) => stack.read(`secrets/${name}`).toString().trim());
    assert.deepEqual(search(stack.path('logs'), [stack.password, ...secrets]).hits, []);
  });
}

/** Searches every file of a folder for words in their usual spellings. */
export function search(folder, words) {
  const needles = words.flatMap((word) => [
    { word, needle: Buffer.from(word) },
    { word, needle: Buffer.from(word.toLowerCase()) },
    { word, needle: Buffer.from(word.toUpperCase()) },
    { word, needle: Buffer.from(word, 'utf16le') },
    ...base64Middles(word).map((middle) => ({ word, needle: Buffer.from(middle) })),
  ]);
  const result = { files: 0, bytes: 0, hits: [] };
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) visit(file);
      if (!entry.isFile()) continue;
      let content;
      try {
        content = readFileSync(file);
      } catch (error) {
        // A running database removes files of its own.
        if (error.code === 'ENOENT') continue;
        throw error;
      }
      result.files += 1;
      result.bytes += content.length;
      for (const { word, needle } of needles) if (content.includes(needle)) result.hits.push(`${file}: ${word}`);
    }
  };
  visit(folder);
  return result;
}

/** Gives what Base64 makes of a word whatever stands around it: its whole groups at each of the three offsets. */
function base64Middles(word) {
  const middles = [0, 1, 2].map((shift) => {
    const end = Math.floor((shift + word.length) / 3) * 4;
    return Buffer.from(' '.repeat(shift) + word).toString('base64').slice(shift === 0 ? 0 : 4, end);
  });
  // Four letters alone are found anywhere.
  return middles.filter((middle) => middle.length >= 8);
}
