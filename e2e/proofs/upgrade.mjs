// An installation as an older release left it becomes one of now: out of its backup, and in place, killed in the middle.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '../client.mjs';
import { sleep, until } from '../processes.mjs';
import { Stack, UNTXT, freePort, makeFolder, run } from '../stack.mjs';

const HOUSE = new URL('../..', import.meta.url).pathname;
const FIXTURE = join(HOUSE, 'e2e/fixtures/migration-17');
const LEVEL = 17;
const PASSWORD = 'a password of the fixture';

export default async function prove(t) {
  const folder = makeFolder('upgrade');
  const stack = new Stack({ folder, port: await freePort(), workers: 1 });
  const site = new Site(stack, folder);
  await stack.start();
  try {
    await restored(t, site);
    await inPlace(t, site);
  } finally {
    if (site.isHeld) process.kill(stack.process.pid, 'SIGCONT');
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function restored(t, site) {
  await t.test('a backup of an earlier version is restored and migrated on', async () => {
    const args = ['import', '--from', join(FIXTURE, 'backups'), '--identity', site.identity, '--config', site.path('conf/restore.toml')];
    const imported = run(args);
    assert.equal(imported.code, 0, imported.said);
    assert.match(imported.said, new RegExp(`migrated +\\d+ migrations came after migration ${LEVEL}`));
    assert.ok(site.level() > LEVEL);
    await site.isAsBefore();
    const clerk = await site.logIn();
    for (const kind of ['folders', 'tags']) {
      assert.equal((await clerk.send('POST', `/api/v1/${kind}`, { json: { name: 'harbour', colour: '#336699' } })).status, 201);
    }
    const { code, said } = site.migrate('--verify', '--all', ...site.reader);
    assert.equal(code, 0, said);
    assert.match(said, /tables +as in a new installation: \d+ things/);
    assert.match(said, /owner keys +2 open, and 2 names of folders and tags\ndocuments +3 looked at, all: keys, names and 6 pages/);
  });
}

async function inPlace(t, site) {
  site.hold();
  site.goBack();
  const newest = readdirSync(join(HOUSE, 'database/migrations')).length;

  await t.test('a plan says what is pending, and a dry run that it works, and nothing is changed', (t) => {
    const plan = site.migrate('--plan');
    assert.equal(plan.code, 3, plan.said);
    assert.match(plan.said, new RegExp(`at migration ${LEVEL}; this UNTXT knows \\d+`));
    assert.match(plan.said, /pending +18 key lifecycle: touches .*owner_keys \(about \d+ rows, /);
    assert.match(plan.said, /old keys +all owner keys/);
    const dry = site.migrate('--dry-run');
    assert.equal(dry.code, 0, dry.said);
    assert.match(dry.said, /works +18 key lifecycle: \d+ ms; closed .*owner_keys/);
    t.diagnostic(dry.said.trim().split('\n').filter((line) => line.startsWith('works')).map((line) => line.slice(13).split(';')[0]).join(', '));
    assert.equal(site.level(), LEVEL);
  });

  await t.test('nothing is migrated when the backup before it fails', () => {
    const failed = site.migrate('--backup', HOUSE, '--recipient', site.recipient, ...site.reader);
    assert.equal(failed.code, 1, failed.said);
    assert.match(failed.error, /no backup was written, and nothing was migrated/);
    assert.equal(site.level(), LEVEL);
  });

  await t.test('killed between two migrations it goes on, with a backup of before that is whole', async () => {
    const free = site.lock('pages', 'in row exclusive mode');
    const to = join(site.folder, 'before');
    const args = ['--backup', to, '--recipient', site.recipient, '--verify', ...site.reader];
    await site.killed(['migrate', '--config', site.path('conf/migrate.toml'), ...args], () => site.level() > LEVEL).finally(free);
    assert.equal(site.level(), LEVEL + 1, 'the first was done, the second was not');
    const checked = run(['backup', 'verify', '--from', to, '--identity', site.identity, '--root-key', site.path('root-key/root.key')]);
    assert.equal(checked.code, 0, checked.said);
    const again = site.migrate(...args);
    assert.equal(again.code, 0, again.said);
    assert.match(again.said, /rows +\d+ in \d+ tables, none has fewer/);
    assert.match(again.said, /owner keys +2 open/);
    assert.equal(site.migrate('--plan').code, 0);
    assert.equal(Number(site.stack.sql('select count(*) from _sqlx_migrations')[0][0]), newest);
  });

  await t.test('killed between two owners, their keys are brought into the form of now all the same', async () => {
    const status = () => run(['keys', 'status', '--config', site.path('conf/worker.toml')]).said;
    assert.match(site.migrate('--plan').said, /old keys +2 owner keys/);
    assert.match(status(), /old form +2 owner keys/);
    const free = site.lock('owner_keys', 'row of the last owner');
    await site.killed(['keys', 'rewrap', '--config', site.path('conf/worker.toml')], () => site.oldKeys() === 1).finally(free);
    assert.equal(site.oldKeys(), 1);
    assert.equal(run(['keys', 'rewrap', '--config', site.path('conf/worker.toml')]).code, 0);
    assert.match(status(), /old form +0 owner keys/);
    const verified = site.migrate('--verify', '--all', ...site.reader);
    assert.equal(verified.code, 0, verified.said);
  });

  await t.test('what is not as it should be is named', () => {
    const wrong = "update documents set metadata_sealed = set_byte(metadata_sealed, 40, get_byte(metadata_sealed, 40) # 1)";
    site.stack.sql(`create index strange on documents (created_at); ${wrong}`);
    const found = site.migrate('--verify', ...site.reader);
    assert.equal(found.code, 3, found.said);
    assert.match(found.said, /UNEXPECTED +index strange/);
    assert.equal(found.said.match(/REFUSED +the name of document/g).length, 3);
    site.stack.sql(`drop index strange; ${wrong}`);
    assert.equal(site.migrate('--verify', ...site.reader).code, 0);
  });

  await t.test('its documents are read and found', async () => {
    site.release();
    await until('backend and worker are back', 60, async () => (await site.logIn().catch(() => null)) !== null);
    await site.isAsBefore();
    const clerk = await site.logIn();
    const find = async (query) => (await clerk.send('POST', '/api/v1/search', { json: { query } })).json;
    await until('the worker has indexed it', 90, async () => (await find('barometer')).hits?.length > 0);
  });
}

/** An installation that is brought to and fro. */
class Site {
  constructor(stack, folder) {
    Object.assign(this, { stack, folder, identity: join(folder, 'identity'), isHeld: false });
    mkdirSync(stack.data, { mode: 0o711 });
    mkdirSync(stack.path('root-key'), { mode: 0o700 });
    for (const [from, to] of [['identity', this.identity], ['root.key', stack.path('root-key/root.key')]]) {
      copyFileSync(join(FIXTURE, from), to);
      chmodSync(to, 0o600);
    }
    this.recipient = /public key: (age1\w+)/.exec(readFileSync(this.identity, 'utf8'))[1];
    this.reader = ['--backup-config', stack.path('conf/backup.toml')];
  }

  path(name) {
    return this.stack.path(name);
  }

  migrate(...args) {
    return run(['migrate', '--config', this.path('conf/migrate.toml'), ...args]);
  }

  level() {
    return Number(this.stack.sql('select max(version) from _sqlx_migrations')[0][0]);
  }

  oldKeys() {
    return Number(this.stack.sql("select count(*) from owner_keys where index_wrapped_by = 'root'")[0][0]);
  }

  logIn() {
    return Client.logIn(this.stack, 'clerk', PASSWORD);
  }

  /** Sees that what the clerk had is there, and what was deleted is not. */
  async isAsBefore() {
    const clerk = await this.logIn();
    const { documents } = (await clerk.get('/documents')).json;
    assert.deepEqual(documents.map(({ name }) => name).sort(), ['coded-jbig2.pdf', 'letter.png']);
    const { id } = documents.find(({ name }) => name === 'letter.png');
    assert.equal((await clerk.get(`/documents/${id}/formats/txt`)).text, readFileSync(join(FIXTURE, 'text.txt'), 'utf8'));
    assert.ok((await clerk.get(`/documents/${id}/original`)).body.equals(readFileSync(join(HOUSE, 'ocr/tests/pages/letter.png'))));
    assert.equal((await clerk.get(`/documents/${id}/pages/1/image`)).status, 200);
  }

  /** Ends backend and worker, as whoever upgrades does; the servers go on. */
  hold() {
    process.kill(this.stack.process.pid, 'SIGSTOP');
    this.isHeld = true;
    for (const name of ['backend', 'worker']) {
      for (const { pid } of this.stack.find(`/${name}.toml`)) process.kill(pid, 'SIGKILL');
    }
  }

  /** Lets them start again. */
  release() {
    process.kill(this.stack.process.pid, 'SIGCONT');
    this.isHeld = false;
  }

  /** Makes the database what that release had: its tables and rows; migrations keep their numbers and bytes. */
  goBack() {
    const [[installation]] = this.stack.sql('select id from installation');
    const statements = readFileSync(join(HOUSE, 'database/conf/database.sql'), 'utf8').replace(/^--.*\n/gm, '').split('\n\n');
    this.#sql(`drop schema public cascade; create schema public authorization pg_database_owner; ${statements.map((one) => one.replace('{database}', 'untxt')).join(';')}`);
    this.#sql('set role untxt_owner; create table _sqlx_migrations (version bigint primary key, description text not null, installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null, execution_time bigint not null)');
    for (const name of readdirSync(join(HOUSE, 'database/migrations')).sort()) {
      const [, number, title] = /^0*(\d+)_(.*)\.sql$/.exec(name);
      if (Number(number) > LEVEL) continue;
      const sql = readFileSync(join(HOUSE, 'database/migrations', name));
      const checksum = createHash('sha384').update(sql).digest('hex');
      this.#sql(`set role untxt_owner; ${sql}; insert into _sqlx_migrations values (${number}, '${title.replaceAll('_', ' ')}', now(), true, '\\x${checksum}', 1)`);
    }
    const backups = join(FIXTURE, 'backups');
    const backup = join(backups, readdirSync(backups).find((name) => /^\d{8}T/.test(name)));
    const open = (name) => execFileSync('age', ['--decrypt', '-i', this.identity, join(backup, name)]);
    for (const { name, columns } of JSON.parse(open('manifest.age')).layout.tables) {
      this.#sql(`truncate ${name} cascade`);
      this.#sql(`copy ${name} (${columns.join(', ')}) from stdin (format binary)`, open(`rows-${name}.age`));
    }
    // The bucket says whose it is.
    this.#sql(`update installation set id = '${installation}'`);
  }

  /** As superuser, without triggers: rows come as they were. */
  #sql(sql, input = '') {
    const where = ['-h', this.path('postgres/run'), '-p', String(this.stack.ports.postgres), '-U', 'postgres', '-d', 'untxt'];
    const env = { ...process.env, PGOPTIONS: '-c session_replication_role=replica -c client_min_messages=warning' };
    execFileSync('psql', [...where, '-Xq', '-v', 'ON_ERROR_STOP=1', '-c', sql], { input, env, stdio: ['pipe', 'ignore', 'pipe'] });
  }

  /** Locks a table, or a row of it, until what it gives is called. */
  lock(table, how) {
    const statement = how.startsWith('in ') ? `lock table ${table} ${how}` : `select from ${table} where owner_id = (select max(owner_id::text)::uuid from ${table}) for update`;
    const where = ['-h', this.path('postgres/run'), '-p', String(this.stack.ports.postgres), '-U', 'postgres', '-d', 'untxt'];
    const session = spawn('psql', [...where, '-Xq'], { stdio: ['pipe', 'ignore', 'inherit'] });
    session.stdin.write(`begin; ${statement};\n`);
    return () => new Promise((resolve) => {
      session.once('exit', resolve);
      session.stdin.end('rollback;\n');
    });
  }

  /** Starts a command and kills it as soon as something is seen. */
  async killed(args, isSeen) {
    await sleep(500);
    const child = spawn(UNTXT, args, { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal)));
    await until('it is in the middle', 60, () => child.exitCode !== null || isSeen());
    child.kill('SIGKILL');
    assert.equal(await exited, 'SIGKILL', `it ended before it could be killed: ${said}`);
  }
}
