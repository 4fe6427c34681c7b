// Marked words go through everything there is, and are then nowhere: not in the files of database, store and queue, not in
// a dump, not in the logs. The control: with sealing switched off the same search finds them in the database and the store.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';

import { find, search, spellings } from '../../leaks.mjs';
import { freePages, render, scannedPdf, textPdf } from '../../samples.mjs';
import { Person } from '../person.mjs';
import { install } from './guard.mjs';
import { claims } from './partitions.mjs';

/** They stand nowhere but in the documents of this test: in a text, in a scan, in the name of a file, in what is deleted. */
const WORDS = { text: 'Brackwolinger', scan: 'Quendovarium', name: 'Zimtrubelau', deleted: 'Vorgelmantide' };
/** The same for the control. */
const CONTROL = { text: 'Murkelbandino', scan: 'Trilovandegen', name: 'Flodderkanaster', deleted: 'Wendigrospelt' };
const PASSWORD = 'only for this control';
const FOLDERS = ['postgres/cluster', 'store', 'redis/data', 'logs'];

export default async function prove(t, site) {
  await t.test('the search finds every spelling, also inside compressed streams', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'untxt-leaks-'));
    try {
      const noise = Buffer.alloc(999, 'xG\x78\x9c\x1f\x8b\x08 ');
      const page = Buffer.concat([noise, Buffer.from(WORDS.text), noise]);
      const written = [...spellings(WORDS.text), deflateSync(page), gzipSync(page), Buffer.from(page.toString('base64')), Buffer.from(page.toString('hex'))];
      written.forEach((bytes, index) => writeFileSync(join(folder, `${index}`), Buffer.concat([noise, bytes, noise])));
      assert.equal((await search(folder, Object.values(WORDS))).hits.length, written.length);
      assert.deepEqual(find(noise, Object.values(WORDS)), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  await t.test('no process that holds keys can leave a core file', () => {
    for (const { name, child } of [site.backend, ...site.workers]) {
      assert.match(readFileSync(`/proc/${child.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m, name);
      const locked = /^VmLck:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      assert.ok(Number(locked?.[1]) >= 32, `${name} locks the memory of its keys`);
    }
  });

  await t.test('no word is left anywhere', async (t) => {
    await goThroughEverything(site, site.person, WORDS);
    const { files, bytes, hits } = await lookEverywhere(site, WORDS);
    t.diagnostic(`${files} files, ${(bytes / 1e6).toFixed(0)} MB searched`);
    for (const folder of FOLDERS) assert.ok((await search(site.stack.path(folder), [])).bytes > 0, `${folder} is empty: this proves nothing`);
    assert.deepEqual(hits, []);
  });

  await t.test('the control: without sealing they are found', async (t) => {
    const how = { program: install(site), env: { SABOTAGE: 'sealing' } };
    site.stack.addUser('control', PASSWORD);
    await startAll(site, how);
    const person = await Person.logIn(site.stack, 'control', PASSWORD);
    try {
      await goThroughEverything(site, person, CONTROL, how);
      const { hits } = await lookEverywhere(site, CONTROL);
      t.diagnostic(`found in ${[...new Set(hits.map((hit) => hit.split('/').slice(0, 3).join('/').replace(/:.*/, '')))].join(', ')}`);
      const isIn = (place, word) => assert.ok(hits.some((hit) => hit.startsWith(place) && hit.endsWith(word)), `${word} is not in ${place}`);
      // The name stands in a row and its log; the text of a page too, compressed by Postgres, so it is the dump that shows it.
      for (const place of ['postgres/cluster/base', 'postgres/cluster/pg_wal', 'a dump']) isIn(place, CONTROL.name);
      for (const word of [CONTROL.text, CONTROL.scan]) isIn('a dump', word);
      isIn('store/', CONTROL.text);
      const quiet = hits.filter((hit) => /^(logs|redis|the queue)/.test(hit));
      assert.deepEqual(quiet, [], 'what is in clear only by sabotage is in no log and in no queue');
      assert.deepEqual((await lookEverywhere(site, WORDS)).hits, []);
    } finally {
      // Nothing that is there in clear opens with sealing.
      for (const { id } of (await person.get('/documents')).json.documents) await person.send('DELETE', `/api/v1/documents/${id}?forever=true`);
      await startAll(site, {});
    }
  });
}

/** Starts backend and workers in a way. */
async function startAll(site, how) {
  for (const program of [site.backend, ...site.workers]) await program.restart(how);
  await site.isServed();
  await site.isAtWork();
}

/** Does with documents that say these words whatever can be done with documents, and something dies over each of them. */
async function goThroughEverything(site, person, words, how = {}) {
  const pages = (count, word) => freePages(count, (page) => `${word} on ${page}`, 12);
  const scan = (count, word) => scannedPdf(render(textPdf(pages(count, word)), 200, 'jpeg'));
  const name = (what) => `${words.name} ${what}.pdf`;
  const digital = { name: name('text'), bytes: textPdf(pages(3, words.text)), pages: 3 };
  const scanned = { name: name('scan'), bytes: scan(2, words.scan), pages: 2 };
  const gone = { name: name('gone'), bytes: scan(1, words.deleted), pages: 1 };
  const documents = [];
  for (const document of [digital, scanned, gone]) documents.push(await person.insist(document));
  const crashed = await dieOver(site, person, how, { name: name('crash'), bytes: scan(6, words.scan), pages: 6 });
  for (const { id } of [...documents, crashed]) assert.equal((await person.ended(id, 90)).task.state, 'done');

  const read = await Promise.all([...documents, crashed].map(({ id, pages }) => fetchAll(person, id, pages)));
  [words.text, words.scan, words.deleted, words.scan].forEach((word, index) => assert.ok(read[index].includes(word), `${word} was not read: this would prove nothing`));
  await searchFor(person, words);
  const again = await person.send('POST', `/api/v1/documents/${documents[1].id}/tasks`, { json: { pages: 'all' } });
  assert.equal(again.status, 202, again.text);
  await person.ended(documents[1].id, 90);
  assert.equal((await person.send('DELETE', `/api/v1/documents/${documents[2].id}?forever=true`)).status, 204);
  // What people get wrong.
  await person.get(`/documents/${words.name}`);
  await person.get(`/${words.name}?q=${words.name}`);
  await person.upload(name('broken'), Buffer.from(`%PDF-1.7 ${words.text}`), { key: words.name }).then(({ json }) => json?.id && person.ended(json.id, 90));
}

/** A worker and the backend are killed while a page is read. */
async function dieOver(site, person, how, document) {
  const [worker, other] = site.workers;
  await other.kill();
  const one = await person.insist(document);
  await claims(site, worker, one);
  await worker.kill();
  await site.backend.kill();
  for (const dead of [worker, other, site.backend]) dead.start(how);
  await site.isServed();
  return one;
}

/** Fetches everything of a document in every form; gives its text. */
async function fetchAll(person, id, pages) {
  const { formats } = (await person.get('/limits')).json;
  const numbers = Array.from({ length: pages }, (_, index) => index + 1);
  const paths = ['', '/original', '/searchable.pdf', '/pages', ...formats.map((format) => `/formats/${format}`)];
  for (const number of numbers) paths.push(`/pages/${number}`, `/pages/${number}/image`, ...formats.map((format) => `/pages/${number}/formats/${format}`));
  for (const path of paths) assert.equal((await person.get(`/documents/${id}${path}`)).status, 200, path);
  return (await person.get(`/documents/${id}/formats/txt`)).text;
}

/** Searches for the words. */
async function searchFor(person, words) {
  const answer = await person.send('POST', '/api/v1/search', { json: { query: words.text } });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(answer.json.hits.length > 0, `the search finds no ${words.text}`);
}

/** Looks into every file, a dump of the database, and the memory of Redis; hits are `place: word`. */
async function lookEverywhere(site, words) {
  const list = Object.values(words);
  const { stack } = site;
  site.sql('checkpoint');
  const inside = await search(stack.folder, list);
  const beside = await Promise.all(leftBeside(site).map((path) => search(path, list)));
  const dump = execFileSync('pg_dump', ['-h', stack.path('postgres/run'), '-p', String(stack.ports.postgres), '-U', 'postgres', 'untxt'], { maxBuffer: 1 << 30 });
  const hits = inside.hits.map((hit) => hit.replace(`${stack.data}/`, ''));
  for (const word of find(dump, list)) hits.push(`a dump: ${word}`);
  for (const word of find(Buffer.from(readQueue(site)), list)) hits.push(`the queue: ${word}`);
  for (const more of beside) hits.push(...more.hits);
  const sum = (what) => [inside, ...beside].reduce((total, one) => total + one[what], 0);
  return { files: sum('files'), bytes: sum('bytes') + dump.length, hits };
}

/** Gives the folders that our processes left where programs put what is temporary; a file there is a finding by itself. */
function leftBeside(site) {
  const { uid } = site.workers[0].how;
  // Without an account of their own nobody can tell what is theirs.
  if (uid === process.getuid()) return [];
  const ours = ({ path, stat }) => stat.uid === uid && stat.ctimeMs > site.madeAt && !basename(path).startsWith('untxt-');
  const all = ['/tmp', '/var/tmp', '/dev/shm'].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const left = all.map((path) => ({ path, stat: lstatSync(path, { throwIfNoEntry: false }) })).filter(({ path, stat }) => stat && ours({ path, stat }));
  assert.deepEqual(left.filter(({ stat }) => stat.isFile()).map(({ path }) => path), []);
  return left.filter(({ stat }) => stat.isDirectory()).map(({ path }) => path);
}

/** Gives everything that Redis holds. */
function readQueue(site) {
  const keys = site.redisCommand('keys', '*').split('\n').filter(Boolean);
  assert.ok(keys.length > 0, 'the queue is empty: this proves nothing');
  const ways = { stream: ['xrange', '-', '+'], string: ['get'], hash: ['hgetall'], list: ['lrange', '0', '-1'], set: ['smembers'], zset: ['zrange', '0', '-1'] };
  return keys.flatMap((key) => {
    const [command, ...rest] = ways[site.redisCommand('type', key)];
    return [key, site.redisCommand(command, key, ...rest), site.redisCommand('dump', key)];
  }).join('\n');
}
