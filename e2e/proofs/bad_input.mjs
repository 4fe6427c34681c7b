// Whatever is wrong with a request or a file: a clear answer with advice, and the others go on.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import https from 'node:https';

import { Client } from '../client.mjs';
import { assemblePdf, hugePng, lockPdf, render, scannedPdf, textPdf } from '../samples.mjs';

const UNKNOWN = '01920000-0000-7000-8000-000000000000';

export default async function prove(t, { stack, admin }) {
  const page = textPdf([['A page like any other', 'with two lines']]);
  const [jpeg] = render(page, 150, 'jpeg');

  await t.test('not logged in: 401 everywhere', async () => {
    const nobody = new Client(stack);
    for (const path of ['/session', '/documents', `/documents/${UNKNOWN}`, `/documents/${UNKNOWN}/formats/txt`, `/tasks/${UNKNOWN}/events`]) {
      isProblem(await nobody.get(path), 401, 'not_logged_in');
    }
    isProblem(await nobody.upload('a.jpg', jpeg), 401, 'not_logged_in');
    assert.equal(await upgrade(stack, {}), 401);
  });

  await t.test('wrong credentials, a foreign Origin', async () => {
    const nobody = new Client(stack);
    isProblem(await nobody.send('POST', '/api/v1/session', { json: { login: 'nobody', password: 'nothing-at-all' } }), 401, 'wrong_credentials');
    isProblem(await nobody.send('POST', '/api/v1/session', { body: '{"login":', headers: { 'Content-Type': 'application/json' } }), 400);
    const cookie = [...admin.cookies].map((pair) => pair.join('=')).join('; ');
    assert.equal(await upgrade(stack, { Cookie: cookie, Origin: 'https://evil.example' }), 403);
    assert.equal(await upgrade(stack, { Cookie: cookie, Origin: stack.address }), 101, 'the control');
    isProblem(await admin.send('POST', '/api/v1/documents', { headers: { Origin: 'https://evil.example' }, body: '' }), 403);
  });

  await t.test('unknown and malformed ids', async () => {
    isProblem(await admin.get(`/documents/${UNKNOWN}`), 404, 'document_not_found');
    for (const path of ['/documents/not-an-id', `/documents/${UNKNOWN}/pages/0`, `/documents/${UNKNOWN}/pages/-1`, '/documents/..%2f..%2fetc%2fpasswd', '/nowhere']) {
      const answer = await admin.get(path);
      assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
      isProblem(answer, answer.status);
    }
  });

  await t.test('empty file, missing file, wrong type whatever its extension, too large', async () => {
    isProblem(await admin.upload('empty.pdf', Buffer.alloc(0)), 400, 'empty_file');
    isProblem(await admin.upload('a.jpg', jpeg, { field: 'other' }), 400, 'file_missing');
    isProblem(await admin.send('POST', '/api/v1/documents', { json: {} }), 400);
    for (const [name, bytes] of [['zip.pdf', Buffer.from('504b0304', 'hex')], ['text.pdf', Buffer.from('just words')], ['page.png', Buffer.from('<html></html>')]]) {
      isProblem(await admin.upload(name, Buffer.concat([bytes, Buffer.alloc(400)]), { type: 'application/pdf' }), 415, 'unsupported_type');
    }
    const { max_file_bytes: limit } = (await admin.get('/limits')).json;
    const answer = await admin.upload('large.pdf', Buffer.concat([page, Buffer.alloc(limit + 1 - page.length)]));
    isProblem(answer, 413, 'file_too_large');
  });

  await t.test('the same upload twice with the same key is one document', async () => {
    const key = randomBytes(8).toString('hex');
    const first = await admin.add('twice.jpg', jpeg, { key });
    const second = await admin.upload('twice.jpg', jpeg, { key });
    assert.deepEqual([second.status, second.json.id], [200, first.id]);
    isProblem(await admin.upload('twice.jpg', render(page, 100, 'jpeg')[0], { key }), 409, 'idempotency_key_reused');
    const raced = await Promise.all(Array.from({ length: 5 }, () => admin.upload('race.jpg', jpeg, { key: `${key}-race` })));
    assert.deepEqual(raced.map(({ status }) => status).sort(), [200, 200, 200, 200, 202]);
    assert.equal(new Set(raced.map(({ json }) => json.id)).size, 1);
  });

  await t.test('hostile file names stay names', async () => {
    for (const name of ['../../etc/passwd.jpg', 'a"; filename="b.jpg', '<img src=x onerror=alert(1)>.jpg', 'Ünïcode \u202egpj.exe', `${'n'.repeat(300)}.jpg`, 'nul\u0000.jpg', '']) {
      const answer = await admin.upload(name, jpeg);
      if (answer.status !== 202) {
        isProblem(answer, 400);
        continue;
      }
      const original = await admin.get(`/documents/${answer.json.id}/original`);
      assert.equal(original.status, 200);
      assert.match(original.headers['content-disposition'], /^attachment; filename="[^"\\/\r\n]*"(; filename\*=UTF-8''[\w.%!~'()-]*)?$/, name);
      assert.doesNotMatch(answer.json.name, /[\u0000-\u001f\u202e/\\]/, 'control characters and paths are taken out');
    }
  });

  await t.test('every broken file ends with its own reason and advice', async (t) => {
    const cases = [
      ['truncated.jpg', jpeg.subarray(0, jpeg.length / 3), 'unreadable'],
      ['locked.pdf', lockPdf(page), 'encrypted'],
      ['nothing.pdf', assemblePdf([]), 'no_pages'],
      ['huge.png', hugePng(), 'too_many_pixels'],
      ['rubbish.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(4000)]), 'unreadable'],
    ];
    const added = await Promise.all(cases.map(([name, bytes]) => admin.add(name, bytes)));
    for (const [index, [name, , code]] of cases.entries()) {
      const { task } = await admin.ended(added[index].id, 90);
      const { pages } = (await admin.get(`/documents/${added[index].id}/pages`)).json;
      const failure = task.failure ?? pages[0]?.failure;
      t.diagnostic(`${name}: ${task.state}, ${failure?.code}: ${failure?.sentence}; ${failure?.advice}`);
      assert.deepEqual([task.state, failure?.code], ['failed', code], name);
      assert.ok(failure.sentence.length > 10 && failure.advice.length > 10);
      assert.equal((await admin.get(`/documents/${added[index].id}/original`)).status, 200, 'nothing is lost');
    }
  });

  await t.test('one broken page of five fails alone', async () => {
    const scans = render(textPdf([1, 2, 3, 4, 5].map((number) => [`Sheet number ${number}`, 'of five'])), 150, 'jpeg');
    scans[2] = Buffer.concat([scans[2].subarray(0, 400), randomBytes(2000)]);
    const { id } = await admin.add('five.pdf', scannedPdf(scans));
    const { task } = await admin.ended(id, 90);
    assert.deepEqual([task.state, task.pages.total, task.pages.done, task.pages.failed], ['done_with_errors', 5, 4, 1]);
    const { pages } = (await admin.get(`/documents/${id}/pages`)).json;
    assert.deepEqual(pages.map(({ state }) => state), ['done', 'done', 'failed', 'done', 'done']);
    assert.equal(pages[2].failure.code, 'unreadable');
    assert.ok(pages[2].failure.advice.length > 10);
    isProblem(await admin.get(`/documents/${id}/pages/3`), 422, 'page_failed');
    assert.match((await admin.get(`/documents/${id}/formats/txt`)).text, /number 4/);
    assert.equal((await admin.get(`/documents/${id}/searchable.pdf`)).body.subarray(0, 5).toString(), '%PDF-');
  });
}

/** Asserts a clear problem: right status and code, a sentence, a request id, nothing of the inside. */
function isProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text.slice(0, 300));
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  const { json, text } = answer;
  if (code !== undefined) assert.equal(json.code, code);
  assert.ok(json.title.length > 2 && json.detail.length > 5 && json.request_id.length > 5, text);
  assert.equal(json.status, status);
  assert.doesNotMatch(text, /\/(home|root|tmp|src|work|var|usr)\/|\.rs\b|panicked|backtrace|sqlx|tokio|select .* from/i);
  for (const header of ['strict-transport-security', 'content-security-policy', 'x-content-type-options', 'referrer-policy']) {
    assert.ok(header in answer.headers, `${header} is missing on ${status}`);
  }
}

/** Asks for a WebSocket; gives the status of the answer. */
function upgrade(stack, headers) {
  const all = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), ...headers };
  return new Promise((resolve, reject) => {
    const request = https.get({ host: 'localhost', port: stack.port, path: '/api/v1/live', ca: stack.read('certs/root.crt'), headers: all, agent: false });
    request.on('response', (response) => resolve(response.resume().statusCode));
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    request.on('error', reject);
  });
}
