// A document comes to its end: deleted for good, its objects go, a signed receipt is left that any tool checks, and an older
// backup doesn't bring it back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { freePages, textPdf } from '../samples.mjs';
import { Stack, freePort, makeFolder, run } from '../stack.mjs';

export default async function prove(t, world) {
  const folder = makeFolder('shred');
  const stack = new Stack({ folder, port: await freePort(), workers: 1 });
  await stack.start();
  try {
    await live(t, world, stack, folder);
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function live(t, world, stack, folder) {
  const place = (name) => join(folder, name);
  const admin = await Client.logIn(stack);
  const added = [];
  for (const name of ['kept.pdf', 'doomed.pdf']) {
    added.push(await admin.add(name, textPdf(freePages(2, (page) => `${world.heading} on ${page}`))));
  }
  for (const { id } of added) assert.equal((await admin.ended(id, 120)).task.state, 'done');
  const [kept, doomed] = added;

  const made = run(['backup', 'key', '--out', place('identity')]);
  const recipient = /age1\w+/.exec(made.said)[0];
  const settings = ['--config', stack.path('conf/backup.toml')];
  const exporting = ['export', '--to', place('backups'), '--recipient', recipient, ...settings];
  assert.equal(run(exporting).code, 0);

  let signed;
  await t.test('a document that is deleted for good leaves a receipt that openssl and we check', async () => {
    assert.equal((await admin.send('DELETE', `/api/v1/documents/${doomed.id}?forever=true`)).status, 204);
    await until('the receipt is signed', 60, async () => {
      signed = (await admin.get(`/receipts/${doomed.id}`)).json;
      return signed.state === 'signed';
    });
    const [key] = (await admin.get('/receipts/key')).json.keys;
    const [receipt, signature] = [signed.receipt, signed.signature].map((text) => Buffer.from(text, 'base64'));
    assert.ok(verify(null, receipt, createPublicKey(key.pem), signature));
    const said = JSON.parse(receipt);
    assert.deepEqual([said.document, said.reason, said.objects], [doomed.id, 'person', 4]);
    for (const [name, bytes] of [['key.pem', key.pem], ['receipt', receipt], ['signature', signature]]) writeFileSync(place(name), bytes);
    const checking = ['pkeyutl', '-verify', '-pubin', '-inkey', place('key.pem'), '-rawin', '-in', place('receipt'), '-sigfile', place('signature')];
    assert.match(execFileSync('openssl', checking).toString(), /Verified Successfully/);
    const exported = run(['receipts', 'export', '--to', place('receipts'), ...settings]);
    assert.equal(exported.code, 0, exported.error);
    const checked = run(['receipts', 'verify', place('receipts'), '--key', place('key.pem')]);
    assert.ok(checked.code === 0 && checked.said.includes(doomed.id), checked.error);
    const line = JSON.parse(readFileSync(place('receipts')));
    writeFileSync(place('forged'), JSON.stringify({ ...line, receipt: Buffer.from(JSON.stringify({ ...said, objects: 3 })).toString('base64') }));
    assert.match(run(['receipts', 'verify', place('forged'), '--key', place('key.pem')]).error, /signature is wrong/);
  });

  await t.test('nothing else of it is in the store or in the database', async () => {
    const left = readdirSync(stack.path('store'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(doomed.id));
    const kept = objectOf(stack, `receipts/${doomed.id}`);
    assert.deepEqual(left.map(({ parentPath, name }) => join(parentPath, name)), [kept], 'its receipt, and nothing else');
    assert.ok(readFileSync(kept).includes(signed.receipt) && readFileSync(kept).includes(signed.signature));
    copyFileSync(kept, place('kept'));
    const tables = stack.sql("select table_name from information_schema.columns where column_name = 'document_id' and table_schema = 'public'").flat();
    assert.ok(tables.includes('shreds') && tables.includes('tasks'));
    for (const table of tables) {
      const [[count]] = stack.sql(`select count(*) from ${table} where document_id = '${doomed.id}'`);
      assert.equal(count, table === 'shreds' ? '1' : '0', table);
    }
    assert.deepEqual(stack.sql(`select count(*) from documents where id = '${doomed.id}'`), [['0']]);
  });

  await t.test('an older backup does not bring it back, by one beside it, by its receipt or by the bucket', async () => {
    const [older] = readdirSync(place('backups')).filter((name) => /^\d/.test(name));
    cpSync(place('backups'), place('alone'), { recursive: true });
    assert.equal(run(exporting).code, 0);
    copyFileSync(stack.path('root-key/root.key'), place('root.key'));
    copyFileSync(stack.path('signing/signing.key'), place('signing.key'));
    // Its name says nothing.
    const newer = readdirSync(place('backups')).find((name) => /^\d/.test(name) && name !== older);
    renameSync(join(place('backups'), newer), join(place('backups'), 'after the move'));
    for (const [from, more, bucket] of [['backups', []], ['alone', ['--receipts', place('receipts')]], ['alone', [], 'kept']]) {
      await renew(stack, place, bucket === 'kept' && `receipts/${doomed.id}`);
      const importing = ['import', '--from', place(from), '--backup', older, '--identity', place('identity'), '--config', stack.path('conf/restore.toml')];
      if (more.length > 0) {
        const forged = run([...importing, '--receipts', place('forged')]);
        assert.match(forged.error, /signature is wrong/);
      }
      const restored = run([...importing, ...more]);
      assert.equal(restored.code, 0, restored.error);
      assert.match(restored.said, /shredded +1 since the backup/);
      assert.doesNotMatch(restored.said, /WARNING/);
      const again = await Client.logIn(stack);
      assert.deepEqual((await again.get('/documents')).json.documents.map(({ id }) => id), [kept.id]);
      assert.equal((await again.get(`/documents/${doomed.id}`)).status, 404);
      assert.equal((await again.get(`/receipts/${doomed.id}`)).json.receipt, signed.receipt);
      assert.match((await again.get(`/documents/${kept.id}/formats/txt`)).text, /on 1/);
      assert.deepEqual(stack.sql(`select count(*) from tasks where document_id = '${doomed.id}'`), [['0']]);
      await until('the receipt is in the new bucket', 60, () => existsSync(objectOf(stack, `receipts/${doomed.id}`)));
    }
    await renew(stack, place);
    const importing = ['import', '--from', place('alone'), '--identity', place('identity'), '--config', stack.path('conf/restore.toml')];
    assert.match(run(importing).said, /WARNING +no receipt is newer than the backup/, 'nobody knows of it any more');
  });

  await t.test('a lost signing key is not replaced by another one unless somebody says so', async () => {
    await stack.stop();
    const pem = readFileSync(stack.path('signing/signing.pem'));
    rmSync(stack.path('signing/signing.key'));
    const up = run(['up', '--data', stack.data, '--listen', `127.0.0.1:${await freePort()}`]);
    assert.equal(up.code, 1);
    assert.match(up.error, /untxt receipts new-key --to/);
    assert.equal(run(['receipts', 'new-key', '--to', stack.path('signing')]).code, 0);
    assert.notEqual(run(['receipts', 'new-key', '--to', stack.path('signing')]).code, 0, 'it replaces none');
    await stack.start();
    const { keys } = (await (await Client.logIn(stack)).get('/receipts/key')).json;
    assert.equal(keys.length, 2);
    assert.equal(keys[1].pem, pem.toString(), 'the older one still checks what it signed');
    assert.deepEqual(readFileSync(stack.path('signing/signing.pem')), pem);
  });
}

/** Where the store keeps an object. */
function objectOf(stack, key) {
  const name = createHash('sha256').update(key).digest('hex');
  return stack.path(`store/objects/${name.slice(0, 2)}/${name}`);
}

/** An empty installation with the keys of the one before, and with this receipt in its bucket. */
async function renew(stack, place, receipt) {
  await stack.stop();
  rmSync(stack.data, { recursive: true });
  mkdirSync(stack.data, { mode: 0o711 });
  for (const [folder, name] of [['root-key', 'root.key'], ['signing', 'signing.key']]) {
    mkdirSync(stack.path(folder), { mode: 0o700 });
    copyFileSync(place(name), stack.path(`${folder}/${name}`));
    chmodSync(stack.path(`${folder}/${name}`), 0o600);
  }
  await stack.start();
  if (!receipt) return;
  // The store lists its folder once.
  await stack.stop();
  const [at, { uid, gid }] = [objectOf(stack, receipt), statSync(stack.path('store'))];
  copyFileSync(place('kept'), at);
  chownSync(at, uid, gid);
  await stack.start();
}
