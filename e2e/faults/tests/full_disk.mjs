// 8. The disk of the store, of Redis, of Postgres is full: uploads are refused with 503, work waits, and when there is
// space again everything goes on with nothing damaged. Each has a small file system of its own for this.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import { sleep } from '../../processes.mjs';
import { digital } from '../documents.mjs';
import { expectSound } from '../oracle.mjs';

const FOLDERS = { store: 'store', redis: 'redis/data', postgres: 'postgres/cluster' };
const SPARE_MB = { store: 32, redis: 16, postgres: 96 };

export default async function prove(t, site) {
  for (const server of Object.keys(FOLDERS)) {
    const folder = site.stack.path(FOLDERS[server]);
    await site[server].stop(server === 'postgres' ? 'SIGINT' : 'SIGTERM');
    if (!narrow(folder, SPARE_MB[server])) {
      await site.startServer(server);
      t.diagnostic(`${server}: no file system of its own can be made here`);
      continue;
    }
    await site.startServer(server);
    try {
      await fillUp(t, site, server, folder);
    } finally {
      rmSync(join(folder, 'filler'), { force: true });
      await site[server].stop(server === 'postgres' ? 'SIGINT' : 'SIGTERM');
      widen(folder);
      await site.startServer(server);
    }
  }
  const check = spawnSync('/usr/lib/postgresql/15/bin/pg_amcheck', ['-h', site.stack.path('postgres/run'), '-p', String(site.targets.postgres), '-U', 'postgres', '--install-missing', '-d', 'untxt'], { encoding: 'utf8' });
  if (check.error) t.diagnostic('pg_amcheck is not installed');
  else assert.equal(check.status, 0, `${check.stdout}${check.stderr}`);
}

async function fillUp(t, site, server, folder) {
  const promised = [];
  for (const pages of [3, 1]) promised.push(await site.person.insist(digital(pages)));
  const { bavail, bsize } = statfsSync(folder);
  // Sparse files take no space: every byte is written.
  spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=64k', `count=${Math.ceil((bavail * bsize) / 65536) + 1}`], { stdio: 'ignore' });
  if (server === 'postgres') useUp(site);
  const answers = [];
  for (let number = 0; number < 6; number += 1) {
    const document = digital(1);
    const { status, json } = await site.person.upload(document.name, document.bytes).catch(() => ({ status: 0 }));
    answers.push(status);
    if (status === 202) promised.push({ ...document, id: json.id, task: json.task.id });
    await sleep(150);
  }
  await sleep(1500);
  rmSync(join(folder, 'filler'));
  t.diagnostic(`${server} full: uploads were answered ${answers.join(' ')}; it ${site[server].isRunning ? 'lives' : 'ended'}`);
  assert.ok(answers.every((status) => [0, 202, 503].includes(status)), answers.join());
  if (server !== 'redis') assert.ok(answers.every((status) => status === 503), answers.join());
  if (!site[server].isRunning) await site.startServer(server);
  promised.push(await site.person.insist(digital(1)));
  await expectSound(site, promised);
}

/** Begins new files of the database's log until there is no space for one, which ends Postgres. */
function useUp(site) {
  for (let round = 0; round < 40 && site.postgres.isRunning; round += 1) {
    site.trySql("select pg_logical_emit_message(true, 'faults', 'full'); select pg_switch_wal()");
  }
}

/** Puts a folder onto a small file system in memory; `false` where that is not allowed, or where others would see it. */
function narrow(folder, spareMb) {
  if (!process.env.UNTXT_MAY_MOUNT) return false;
  const { uid, gid, mode } = statSync(folder);
  const megabytes = Number(execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t')[0]) + spareMb;
  renameSync(folder, `${folder}.wide`);
  mkdirSync(folder);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status !== 0) {
    rmSync(folder, { recursive: true });
    renameSync(`${folder}.wide`, folder);
    return false;
  }
  execFileSync('cp', ['-a', `${folder}.wide/.`, folder]);
  chownSync(folder, uid, gid);
  chmodSync(folder, mode);
  return true;
}

function widen(folder) {
  rmSync(`${folder}.wide`, { recursive: true });
  execFileSync('cp', ['-a', folder, `${folder}.wide`]);
  execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.wide`, folder);
}
