// Owner and root keys are replaced while people upload and read: no request fails, what is old stays readable, what is new
// is under the new keys, and whoever is killed in the middle is no loss.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { sleep, until } from '../processes.mjs';
import { freePages, textPdf } from '../samples.mjs';
import { UNTXT } from '../stack.mjs';

const DOCUMENTS = 40;

export default async function prove(t, world) {
  const { stack, admin } = world;
  const settings = ['--config', stack.path('conf/worker.toml')];
  const keys = (...command) => finish(start([...command, ...settings]));
  const versions = () => stack.sql(`select version, state from owner_keys
    where state <> 'destroyed' and owner_id = '${admin.user.id}' order by version`);
  const active = () => Number(versions().find(([, state]) => state === 'active')[0]);
  const roots = () => readFileSync(stack.path('root-key/root.key'), 'utf8').match(/^id .*/gm);

  const texts = freePages(DOCUMENTS, (page) => `${world.heading} ${page}`);
  const old = [];
  for (const [index, text] of texts.entries()) old.push((await admin.add(`key-${index}.pdf`, textPdf([text]))).id);
  for (const id of old) assert.equal((await admin.ended(id, 120)).task.state, 'done');
  const first = active();

  await t.test('keys change under load, killed in the middle, and no request fails', async (t) => {
    const load = new Load(admin, old, texts);
    const loading = load.run();
    for (let turn = 0; turn < 3; turn += 1) {
      const done = await keys('rotate', '--all');
      assert.equal(done.code, 0, done.said);
    }
    for (let delay = 20; delay < 260; delay += 40) {
      const rotating = start(['rotate', '--all', ...settings]);
      await sleep(delay);
      rotating.kill('SIGKILL');
      await finish(rotating);
    }
    const root = await keys('rotate', '--root');
    assert.equal(root.code, 0, root.said);
    assert.match(root.said, /put a copy of .* into the safe/);
    for (const { pid } of stack.find(' worker ')) process.kill(pid, 'SIGKILL');
    assert.equal((await keys('rewrap')).code, 0);
    await sleep(1000);
    load.stop();
    await loading;
    t.diagnostic(`${load.uploads.length} uploads and ${load.reads} reads meanwhile, ${load.errors.length} errors`);
    assert.deepEqual(load.errors, []);
    assert.ok(load.uploads.length >= 5 && load.reads >= 50, 'there was load');
    for (const id of load.uploads) assert.equal((await admin.ended(id, 120)).task.state, 'done');
  });

  await t.test('what is new is under the new keys, and nothing is left under older ones', async () => {
    assert.ok(active() >= first + 3, `version ${active()}`);
    assert.equal((await keys('rewrap')).code, 0);
    const under = stack.sql(`select distinct owner_key_version from documents where owner_id = '${admin.user.id}'`);
    assert.deepEqual(under, [[String(active())]]);
    const [[root]] = stack.sql("select distinct kms_key_id from owner_keys where state <> 'destroyed'");
    assert.equal(`id ${root}`, roots()[0]);
    assert.equal(versions().filter(([, state]) => state === 'pending').length, 0);
  });

  await t.test('older keys are destroyed, and everything is still readable', async () => {
    assert.equal(roots().length, 2);
    const destroyed = await keys('destroy');
    assert.equal(destroyed.code, 0, destroyed.said);
    assert.equal(roots().length, 1);
    assert.deepEqual(versions(), [[String(active()), 'active']]);
    const status = await keys('status');
    assert.equal(status.code, 0, status.said);
    assert.match(status.said, /0 not under the active key/);
    for (const [index, id] of old.entries()) {
      assert.equal((await admin.get(`/documents/${id}/formats/txt`)).status, 200, `document ${index}`);
    }
    const events = stack.sql('select distinct operation from key_events order by 1').flat();
    for (const operation of ['created', 'activated', 'retired', 'rewrapped', 'documents_rewrapped', 'destroyed', 'root_created', 'root_destroyed']) {
      assert.ok(events.includes(operation), operation);
    }
  });

  await t.test('index keys change, workers are killed, and no search misses a page', async (t) => {
    const generations = () => stack.sql(`select distinct index_generation from search_segments where owner_id = '${admin.user.id}' order by 1`).flat();
    const before = generations();
    const search = { asked: 0, missed: [] };
    let isOver = false;
    const searching = (async () => {
      for (; !isOver; search.asked += 1) {
        const names = await everyNameWith(admin, world.heading);
        search.missed.push(...[...old.keys()].filter((index) => !names.has(`key-${index}.pdf`)));
      }
    })();
    for (const way of ['--index', '--compromised']) {
      const done = await keys('rotate', '--owner', admin.user.id, way);
      assert.equal(done.code, 0, done.said);
      assert.match(done.said, /under the new index key from now on/);
      for (let turn = 0; turn < 2; turn += 1) {
        for (const { pid } of stack.find(' worker ')) process.kill(pid, 'SIGKILL');
        await sleep(1500);
      }
    }
    await until('nothing is under older index keys', 120, () => String(generations()) === String(active()));
    isOver = true;
    await searching;
    t.diagnostic(`${search.asked} searches meanwhile; index keys ${before} became ${generations()}`);
    assert.ok(search.asked >= 3, 'there were searches');
    assert.deepEqual(search.missed, []);
    const status = await keys('status');
    assert.doesNotMatch(status.said, /are not under index key/);
    const [[tags]] = stack.sql(`select count(*) from documents where owner_id = '${admin.user.id}' and content_tag is not null and tag_generation < ${active()}`);
    assert.equal(tags, '0', 'no tag is left under the tag key that somebody may know');
    assert.equal((await keys('destroy')).code, 0);
    assert.deepEqual(versions(), [[String(active()), 'active']]);
  });

  await t.test('the role of the backend keeps no keys', async () => {
    const backend = ['--config', stack.path('conf/backend.toml')];
    assert.notEqual((await finish(start(['rotate', '--all', ...backend]))).code, 0);
    assert.deepEqual(versions(), [[String(active()), 'active']]);
  });

  for (const id of old) await until('it is deleted', 5, async () => (await admin.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status === 204);
}

/** Gives the names of all documents that a search finds, as slowly as a person may ask. */
async function everyNameWith(client, query) {
  const names = new Set();
  for (let after; after !== null; ) {
    const answer = await client.send('POST', '/api/v1/search', { json: { query, limit: 50, after } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.is_complete, true, 'two index keys are no gap');
    for (const { document } of answer.json.hits) names.add(document.name);
    after = answer.json.next;
    await sleep(500);
  }
  return names;
}

/** Starts `untxt keys`; everything else in this process goes on. */
function start(args) {
  const child = spawn(UNTXT, ['keys', ...args], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  child.said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (child.said += data));
  return child;
}

const finish = (child) => new Promise((resolve) => child.once('close', (code) => resolve({ code, said: child.said })));

/** People who upload and read until they are told to stop. */
class Load {
  constructor(client, ids, texts) {
    Object.assign(this, { client, ids, texts, uploads: [], reads: 0, errors: [], stopped: false });
  }

  stop() {
    this.stopped = true;
  }

  async run() {
    await Promise.all([this.#repeat(() => this.#read()), this.#repeat(() => this.#read()), this.#repeat(() => this.#upload())]);
  }

  async #repeat(step) {
    while (!this.stopped) await step().catch((error) => this.errors.push(String(error)));
  }

  async #read() {
    const index = this.reads % this.ids.length;
    this.reads += 1;
    const kind = ['formats/txt', 'original', 'pages/1/image'][this.reads % 3];
    const answer = await this.client.get(`/documents/${this.ids[index]}/${kind}`);
    if (answer.status !== 200) this.errors.push(`${kind} answered ${answer.status}`);
    // What was drawn: whatever key it is under by now.
    else if (kind === 'formats/txt' && !answer.text.includes(this.texts[index][0])) this.errors.push(`another text than ${this.texts[index][0]}`);
  }

  async #upload() {
    const answer = await this.client.upload(`load-${this.uploads.length}.pdf`, textPdf([this.texts[this.uploads.length % this.texts.length]]));
    if (answer.status !== 202) this.errors.push(`upload answered ${answer.status}`);
    else this.uploads.push(answer.json.id);
    await sleep(150);
  }
}
