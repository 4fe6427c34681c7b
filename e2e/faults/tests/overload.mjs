// 10. Ten times what the site can take, a document of 200 pages among single pages, and a person whose socket reads
// nothing: what can't be taken is refused with the time to come back, and single pages don't wait for the long one. Then
// 2 GiB in one file: they pass through the backend and leave nothing in its memory.
import assert from 'node:assert/strict';
import https from 'node:https';
import { randomBytes } from 'node:crypto';

import { Client } from '../../client.mjs';
import { sleep } from '../../processes.mjs';
import { paddedPdf } from '../../samples.mjs';
import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

const AT_ONCE = 60;
const LONG_PAGES = 60;
/** As many uploads as one person may have under way. */
const SLOW_UPLOADS = 4;
const REFUSED = 6;
const LARGE_BYTES = 2 ** 31;
/** What the allocator may keep of pieces that have gone. */
const LARGE_TAKES = 32e6;

export default async function prove(t, site) {
  const before = site.backend.rss;
  const sockets = await Promise.all(Array.from({ length: 3 }, () => openDeafSocket(site)));
  const long = await site.person.insist(digital(LONG_PAGES));
  await sleep(1000);
  const documents = Array.from({ length: AT_ONCE }, () => digital(1));
  const singles = await Promise.all(documents.map((document) => site.person.insist(document)));
  await refusesWhatIsTooMuch(t, site);
  await expectSound(site, [long, ...singles], { seconds: 120 });
  const [[single, all]] = site.sql(`select
    (select percentile_cont(0.95) within group (order by extract(epoch from ended_at - created_at)) from tasks where id in (${singles.map(({ task }) => `'${task}'`).join(',')})),
    (select extract(epoch from ended_at - created_at) from tasks where id = '${long.task}')`);
  const grown = site.backend.rss - before;
  const tries = singles.reduce((sum, { tries }) => sum + tries, 0);
  t.diagnostic(`${AT_ONCE} single pages at once with ${tries} tries, behind one document of ${LONG_PAGES} pages: 95 % of them ended within ${Number(single).toFixed(1)} s, the long one after ${Number(all).toFixed(1)} s`);
  t.diagnostic(`the backend grew by ${(grown / 1e6).toFixed(0)} MB`);
  assert.ok(grown < 200e6, `${grown} bytes`);
  for (const socket of sockets) socket.destroy();
  await passesThrough(t, site);
}

/** Of a file that is eight times as long the backend keeps no more. Who reads it has a limit of its own, and says so. */
async function passesThrough(t, site) {
  const env = { UNTXT_LIMITS__MAX_FILE_BYTES: String(LARGE_BYTES) };
  for (const program of [site.backend, ...site.workers]) await program.restart({ env });
  await site.isServed();
  const client = await Client.logIn(site.stack);
  const short = await uploadWatched(site, client, LARGE_BYTES / 8);
  const long = await uploadWatched(site, client, LARGE_BYTES);
  await expectSound(site, [short.promise, long.promise], { seconds: 120 });
  const { task } = (await client.get(`/documents/${long.promise.id}`)).json;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  t.diagnostic(`the backend has ${megabytes(short.most)} while ${megabytes(LARGE_BYTES / 8)} pass, ${megabytes(long.most)} while ${megabytes(LARGE_BYTES)} do (in ${long.seconds.toFixed(0)} s); they end as ${task.failure?.code ?? task.state}`);
  assert.ok(long.most - short.most < LARGE_TAKES, `${short.most}, ${long.most}`);
}

/** Uploads a document of this length; gives what was promised, and the most memory that the backend had meanwhile. */
async function uploadWatched(site, client, length) {
  const begin = performance.now();
  let most = 0;
  const look = setInterval(() => (most = Math.max(most, site.backend.rss)), 50);
  const { bytes, ...document } = digital(1);
  const { status, json, text } = await client.uploadPieces(document.name, paddedPdf(bytes, length), length);
  clearInterval(look);
  assert.equal(status, 202, text);
  return { most, seconds: (performance.now() - begin) / 1000, promise: { ...document, id: json.id, task: json.task.id, wanted: 'any' } };
}

/** While one person's uploads stand still, that person's next ones are refused, with the time to come back. */
async function refusesWhatIsTooMuch(t, site) {
  const slow = await Promise.all(Array.from({ length: SLOW_UPLOADS }, () => beginUpload(site)));
  await sleep(500);
  const answers = await Promise.all(Array.from({ length: REFUSED }, () => site.person.upload('more.pdf', digital(1).bytes)));
  for (const request of slow) request.destroy();
  for (const { status, headers, text } of answers) {
    assert.ok([429, 503].includes(status), `${status}: ${text}`);
    assert.ok(Number(headers['retry-after']) > 0, 'when to come back');
  }
  t.diagnostic(`${SLOW_UPLOADS} uploads stood still, ${REFUSED} more were answered ${answers.map(({ status }) => status).join(' ')}`);
}

/** Begins an upload that sends its head and no more. */
function beginUpload(site) {
  const { person, stack } = site;
  const headers = { 'Content-Type': 'multipart/form-data; boundary=slow', 'Content-Length': '100000', Cookie: person.cookieHeader };
  const request = https.request({ ca: stack.read('certs/root.crt'), method: 'POST', host: 'localhost', port: stack.port, path: '/api/v1/documents', headers, agent: false });
  request.on('error', () => {});
  request.write('--slow\r\nContent-Disposition: form-data; name="file"; filename="slow.pdf"\r\n\r\n%PDF-1.7\n');
  return request;
}

/** Opens a live socket, says hello, and never reads. */
function openDeafSocket(site) {
  return new Promise((resolve, reject) => {
    const { person, stack } = site;
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      Origin: stack.address,
      Cookie: person.cookieHeader,
    };
    const request = https.request({ ca: stack.read('certs/root.crt'), host: 'localhost', port: stack.port, path: '/api/v1/live', headers, agent: false });
    request.on('upgrade', (_, socket) => {
      socket.on('error', () => {});
      socket.pause();
      resolve(socket);
    });
    request.on('response', ({ statusCode }) => reject(new Error(`the socket was answered ${statusCode}`)));
    request.on('error', reject);
    request.end();
  });
}
