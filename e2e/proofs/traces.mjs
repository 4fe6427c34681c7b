// One trace tells a document's whole walk: the request that brought it, and each page on whichever worker read it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Collector } from '../collector.mjs';
import { sleep, until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const PAGES = 3;

export default async function prove(t, world) {
  const { admin, stack } = world;
  const scan = () => scannedPdf(render(textPdf(freePages(PAGES)), 100, 'jpeg'));
  const upload = async (name) => {
    const answer = await admin.upload(name, scan());
    assert.equal(answer.status, 202, answer.text);
    const { task } = await admin.ended(answer.json.id);
    assert.equal(task.state, 'done');
    return { ...answer.json, trace: answer.headers['x-request-id'].replaceAll('-', '') };
  };

  await t.test('the trace of an upload is its request id, and every page hangs from it', async (t) => {
    const { trace, id } = await upload('Walk of Wobbelsheim.pdf');
    const named = (name) => world.collector.trace(trace).filter((span) => span.name === name);
    await until('every span has come', 30, () => named('finish').length === 1 && named('store').length === PAGES && named('POST /api/v1/documents').length === 1);
    const spans = world.collector.trace(trace);
    const [root] = named('POST /api/v1/documents');
    assert.deepEqual([root.service, root.parent, root.attributes['http.response.status_code']], ['untxt-backend', '', '202']);
    for (const name of ['inspect', 'finish']) assert.deepEqual(named(name).map(({ service, parent }) => [service, parent]), [['untxt-worker', root.id]], name);
    const pages = named('page');
    assert.deepEqual(pages.map(({ attributes }) => attributes['page.number']).sort(), ['1', '2', '3']);
    for (const page of pages) {
      assert.deepEqual([page.service, page.parent], ['untxt-worker', root.id]);
      const stages = spans.filter(({ parent }) => parent === page.id);
      assert.deepEqual(stages.map(({ name }) => name).sort(), ['load', 'read', 'store']);
      for (const stage of stages) assert.ok(stage.start >= page.start && stage.end <= page.end, `${stage.name} is within its page`);
      t.diagnostic(`page ${page.attributes['page.number']}: ${stages.map(({ name, start, end }) => `${name} ${(end - start).toFixed(0)} ms`).join(', ')}`);
    }
    assert.equal((await admin.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status, 204);
  });

  await t.test('no span holds a word of a document, a file name or a password', () => {
    const bytes = Buffer.concat(world.collector.bodies);
    assert.ok(bytes.length > 1000);
    for (const word of [...world.canaries, world.fileName, stack.password]) assert.ok(!bytes.includes(word), 'a word is in a span');
  });

  await t.test('a collector that cannot prove who it is gets nothing, and nobody waits for it', async () => {
    world.collector.close();
    const [cert, key] = ['false.crt', 'false.key'].map((name) => join(stack.folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const impostor = await new Collector(stack, { cert: readFileSync(cert), key: readFileSync(key) }).listen();
    const { id } = await upload('unheard.pdf');
    await until('somebody has tried', 30, () => impostor.refused > 0);
    await sleep(500);
    assert.deepEqual(impostor.spans, []);
    impostor.close();
    world.collector = await new Collector(stack).listen();
    assert.equal((await admin.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status, 204);
  });
}
