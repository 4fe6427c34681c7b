// The drill: back up a running installation, destroy it, restore it. Every document is there, and what was being read
// goes on; whoever finds the backup reads nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '../client.mjs';
import { findObjects } from '../faults/objects.mjs';
import { search } from '../leaks.mjs';
import { sleep, until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';
import { Stack, UNTXT, freePort, makeFolder, run } from '../stack.mjs';

const DOCUMENTS = 6;
// Enough to be in the middle of it while two exports run, also where nothing else does.
const SCANNED_PAGES = 40;

export default async function prove(t, world) {
  const folder = makeFolder('backup');
  const stack = new Stack({ folder, port: await freePort(), workers: 2 });
  await stack.start();
  try {
    await drill(t, world, stack, folder);
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drill(t, world, stack, folder) {
  const place = (name) => join(folder, name);
  const backups = place('backups');
  const admin = await Client.logIn(stack);
  const seconds = (begin) => ((Date.now() - begin) / 1000).toFixed(1);

  const pages = freePages(DOCUMENTS * 3, (page) => `${world.heading} on ${page}`);
  const added = [];
  for (let index = 0; index < DOCUMENTS; index += 1) {
    const name = world.fileName.replace('.pdf', ` ${index}.pdf`);
    added.push(await admin.add(name, textPdf(pages.slice(index * 3, index * 3 + 3))));
  }
  const ended = await Promise.all(added.map(({ id }) => admin.ended(id, 180)));
  assert.deepEqual(ended.map(({ task }) => task.state), ended.map(() => 'done'));
  const before = await readAll(admin, ended);
  assert.match(before[0].text, /Zylindrakowski/);

  const made = run(['backup', 'key', '--out', place('identity')]);
  const recipient = /age1\w+/.exec(made.said)[0];
  const settings = ['--config', stack.path('conf/backup.toml')];
  const exporting = ['export', '--to', backups, '--recipient', recipient, ...settings];

  const scan = scannedPdf(render(textPdf(freePages(SCANNED_PAGES)), 250, 'jpeg'));
  const unfinished = await admin.add('unfinished.pdf', scan);
  await until('a page of the scan is read', 90, async () => {
    const { task } = (await admin.get(`/documents/${unfinished.id}`)).json;
    return task.pages.done > 0 && task.pages.done < SCANNED_PAGES - 2;
  });

  let first;
  await t.test('an export that is killed leaves no backup, and what it copied is not copied again', async (t) => {
    const whole = () => objectsIn(backups).filter((path) => !path.includes('.part-'));
    await killed(exporting, () => whole().length > 0);
    const copied = whole();
    assert.deepEqual(finished(backups), [], 'the export was faster than its end');
    const times = copied.map((path) => statSync(path).mtimeMs);
    const begin = Date.now();
    const result = run(exporting);
    assert.equal(result.code, 0, result.said);
    t.diagnostic(`${copied.length} objects before the kill; the export after it took ${seconds(begin)} s`);
    assert.deepEqual(copied.map((path) => statSync(path).mtimeMs), times);
    const { task } = (await admin.get(`/documents/${unfinished.id}`)).json;
    assert.equal(task.state, 'processing', 'the scan was being read all the while');
    [first] = finished(backups);
    assert.ok(objectsIn(backups).length >= DOCUMENTS * 5 + 1);
    assert.match(result.said, /root key is NOT in the backup/);
  });

  await t.test('whoever finds the backup reads nothing', async () => {
    const secrets = readdirSync(stack.path('secrets')).map((name) => stack.read(`secrets/${name}`).toString().trim());
    const rootKey = /key ([0-9a-f]{64})/.exec(stack.read('root-key/root.key').toString())[1];
    const ids = ended.flatMap(({ id, task }) => [id, task.id]);
    const { hits, bytes } = await search(backups, [...world.canaries, rootKey, stack.password, ...secrets, ...ids, 'argon2id', 'local-']);
    // The name of the root key, not the key, is said in clear.
    assert.deepEqual(hits.filter((hit) => !/seal\.json: local-$/.test(hit)), []);
    assert.ok(bytes > 100_000);
  });

  await t.test('the standard tools check and open it', (t) => {
    const checked = execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: first, encoding: 'utf8' });
    assert.equal(checked, '');
    const manifest = execFileSync('age', ['--decrypt', '-i', place('identity'), join(first, 'manifest.age')], { encoding: 'utf8' });
    const { objects, layout } = JSON.parse(manifest);
    t.diagnostic(`${objects} objects, ${layout.tables.length} tables, opened by age itself`);
    const rows = execFileSync('age', ['--decrypt', '-i', place('identity'), join(first, 'rows-users.age')]);
    assert.ok(rows.includes('$argon2id$') && rows.subarray(0, 11).equals(Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')));
  });

  await t.test('a backup that is not whole, not ours or not for us is refused', () => {
    const verify = (...more) => run(['backup', 'verify', '--from', backups, ...more]);
    const whole = verify('--identity', place('identity'), '--root-key', stack.path('root-key/root.key'));
    assert.equal(whole.code, 0, whole.said);
    run(['backup', 'key', '--out', place('another')]);
    assert.match(verify('--identity', place('another')).error, /identity does not open the backup/);
    const object = objectsIn(backups)[3];
    flip(object);
    const damaged = verify();
    assert.equal(damaged.code, 3);
    assert.ok(damaged.said.includes('DAMAGED') && damaged.said.includes(object.split('/').at(-1)), damaged.said);
    flip(object);
    flip(join(first, 'rows-pages.age'));
    assert.match(verify().said, /DAMAGED .*rows-pages\.age is damaged/);
    flip(join(first, 'rows-pages.age'));
    assert.equal(verify().code, 0);
  });

  copyFileSync(stack.path('root-key/root.key'), place('root.key'));
  const stopped = Date.now();
  await stack.stop();
  rmSync(stack.data, { recursive: true });

  const importing = () => ['import', '--from', backups, '--identity', place('identity'), '--config', stack.path('conf/restore.toml')];
  await t.test('another root key is refused before anything is written', async () => {
    await stack.start();
    const refused = run(importing());
    assert.equal(refused.code, 1, refused.said);
    assert.match(refused.error, /belongs to the root key local-\w+, and the one here is local-\w+/);
    assert.deepEqual(documentsOf(stack), [], 'nothing of the backup');
    await stack.stop();
    rmSync(stack.data, { recursive: true });
  });

  await t.test('a damaged object is refused by name, and nothing is visible', async () => {
    mkdirSync(stack.data, { mode: 0o711 });
    mkdirSync(stack.path('root-key'), { mode: 0o700 });
    copyFileSync(place('root.key'), stack.path('root-key/root.key'));
    await stack.start();
    const object = objectsIn(backups)[3];
    flip(object);
    const refused = run(importing());
    assert.equal(refused.code, 1, refused.said);
    assert.ok(refused.error.includes(object.split('/').at(-1)), refused.error);
    assert.deepEqual(stack.sql('select count(*) from documents'), [['0']]);
    flip(object);
  });

  await t.test('an import that is killed shows nothing, and goes on where it was', async (t) => {
    const already = documentsOf(stack).length;
    await killed(importing(), () => documentsOf(stack).length > already);
    assert.deepEqual(stack.sql('select count(*) from documents'), [['0']]);
    const times = storeOf(stack).map((path) => [path, statSync(path).mtimeMs]);
    const begin = Date.now();
    const result = run(importing());
    assert.equal(result.code, 0, result.said);
    t.diagnostic(`${times.length} objects before the kill; the import after it took ${seconds(begin)} s`);
    for (const [path, time] of times) assert.equal(statSync(path).mtimeMs, time, path);
  });

  await t.test('every document is there, byte by byte', async (t) => {
    assert.equal((await admin.get('/documents')).status, 401, 'the logins of before are over');
    const again = await Client.logIn(stack);
    assert.deepEqual(await readAll(again, ended), before);
    t.diagnostic(`from Ctrl-C to the last document: ${seconds(stopped)} s`);
    const { task } = await again.ended(unfinished.id, 180);
    assert.deepEqual([task.state, task.pages.done], ['done', SCANNED_PAGES], JSON.stringify(task));
    const events = await again.events(task.id);
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
    const { body } = await again.get(`/documents/${unfinished.id}/original`);
    assert.ok(body.equals(scan));
    t.diagnostic(`what was being read when it was backed up has ended ${seconds(stopped)} s after Ctrl-C`);
    await again.add('afterwards.pdf', textPdf(freePages(1))).then(({ id }) => again.ended(id, 90));
  });

  await t.test('an installation in use is left alone, and the next export copies only what is new', async () => {
    const refused = run(importing());
    assert.equal(refused.code, 1, refused.said);
    assert.match(refused.error, /in use/);
    const there = objectsIn(backups).length;
    const next = run([...exporting, '--keep', '1']);
    assert.equal(next.code, 0, next.said);
    assert.match(next.said, new RegExp(`${there} objects are in `));
    assert.match(next.said, /removed +1 older backups/);
    assert.equal(finished(backups).length, 1);
  });

  await t.test('what the store has lost is named, and the rest is backed up', () => {
    const key = `documents/${ended[0].id}/original`;
    const name = createHash('sha256').update(key).digest('hex');
    rmSync(stack.path(`store/objects/${name.slice(0, 2)}/${name}`));
    const elsewhere = place('backups-of-less');
    const result = run(exporting.map((word) => (word === backups ? elsewhere : word)));
    assert.equal(result.code, 3, result.said);
    assert.match(result.said, /1 objects are gone from the store since the snapshot; taking a new one/);
    assert.ok(result.said.includes(`LOST         ${key}`), result.said);
    assert.equal(finished(elsewhere).length, 1);
    assert.equal(run(['backup', 'verify', '--from', elsewhere, '--identity', place('identity')]).code, 3);
  });
}

/** Reads everything that a person can fetch of these documents. */
async function readAll(client, documents) {
  const hash = ({ status, body }) => {
    assert.equal(status, 200, body.toString());
    return createHash('sha256').update(body).digest('hex');
  };
  return Promise.all(
    documents.map(async ({ id }) => ({
      text: (await client.get(`/documents/${id}/formats/txt`)).text,
      pdf: hash(await client.get(`/documents/${id}/searchable.pdf`)),
      original: hash(await client.get(`/documents/${id}/original`)),
      images: [hash(await client.get(`/documents/${id}/pages/1/image`)), hash(await client.get(`/documents/${id}/pages/3/image`))],
      name: (await client.get(`/documents/${id}`)).json.name,
    })),
  );
}

/** Starts a command and kills it with SIGKILL as soon as something is seen. */
async function killed(args, isSeen) {
  const child = spawn(UNTXT, args, { env: { PATH: process.env.PATH }, stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  while (child.exitCode === null && !isSeen()) await sleep(1);
  child.kill('SIGKILL');
  assert.equal((await exited).signal, 'SIGKILL', 'it ended before it could be killed');
}

const list = (folder) => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  } catch {
    return [];
  }
};
const objectsIn = (backups) => list(join(backups, 'objects')).sort();
const storeOf = (stack) => list(stack.path('store/objects')).sort();
/** Besides them there are whose bucket it is, and heads of the record, which a worker adds at any time. */
const documentsOf = (stack) => [...findObjects({ stack }).keys()].filter((key) => key.startsWith('documents/'));

/** Gives the backups that are whole. */
const finished = (backups) => readdirSync(backups).filter((name) => /^\d{8}T/.test(name)).sort().map((name) => join(backups, name));

/** Flips a bit in the middle of a file; a second time flips it back. */
function flip(path) {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
}
