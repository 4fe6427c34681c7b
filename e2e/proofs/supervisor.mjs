// `untxt up` says what is wrong in one sentence, and leaves no process behind, however it ends.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { processes, sleep, stillRunning, until } from '../processes.mjs';
import { Stack, UNTXT, freePort, makeFolder, run } from '../stack.mjs';

export default async function prove(t, world) {
  const { stack } = world;
  const folder = makeFolder('refused');
  const up = (data, port) => ['up', '--data', join(folder, data), '--listen', `127.0.0.1:${port}`, '--workers', '1'];

  await t.test('a busy port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await sleep(50);
    isOneSentence(run(up('busy', server.address().port)), 1, /listens on 127\.0\.0\.1:\d+; .*--listen/);
    server.close();
  });

  await t.test('a second `up` on the same folder', async () => {
    const port = await freePort();
    isOneSentence(run(['up', '--data', stack.data, '--listen', `127.0.0.1:${port}`]), 1, /another `untxt up` is using/);
  });

  await t.test('a data folder of a newer version, a folder with something else in it', async () => {
    for (const [name, file, text, sentence] of [['newer', 'VERSION', '99\n', /newer UNTXT/], ['foreign', 'thesis.odt', '-', /something else/]]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, file), text);
      isOneSentence(run(up(name, await freePort())), 1, sentence);
    }
  });

  for (const [program, path] of [['redis-server', '/usr/bin/redis-server'], ['postgres', '/usr/lib/postgresql/15/bin/postgres']]) {
    await t.test(`${program} is missing`, async (t) => {
      // In a mount namespace of its own this machine has no such program.
      const script = `mount --bind /dev/null ${path} && exec "$@"`;
      const result = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', UNTXT, ...up(`without-${program}`, await freePort())], { encoding: 'utf8', timeout: 60_000 });
      if (/unshare failed|unshare:|mount:/.test(result.stderr)) return t.skip('this user may not hide a program');
      isOneSentence({ code: result.status, error: result.stderr }, 1, new RegExp(`${program} is missing; install the package \\w+`));
    });
  }

  await t.test('switches that would weaken anything are refused', () => {
    const settings = stack.path('conf/backend.toml');
    for (const [name, value] of [['SSL_ENABLED', 'false'], ['DB_SSL_ENABLED', 'false'], ['REDIS_TLS_ENABLED', '0'], ['REDIS_TLS_VERIFY', 'false'],
      ['ENCRYPTION_ENABLED', 'false'], ['DB_SSL_MODE', 'require'], ['REDIS_URL', 'redis://localhost:6379'], ['UNTXT_STORAGE__ENDPOINT', 'http://localhost:9000'],
      ['DATABASE_URL', 'postgres://localhost/untxt?sslmode=disable']]) {
      const result = run(['backend', '--config', settings], { env: { [name]: value } });
      assert.equal(result.code, 2, `${name}: ${result.said}`);
      const shown = name.startsWith('UNTXT_') ? 'storage.endpoint' : name;
      assert.ok(result.error.includes(shown), result.error);
      assert.match(result.error, /refused|must/);
    }
  });

  const own = new Stack({ folder, port: await freePort(), workers: 2 });
  await t.test('Ctrl-C while it starts leaves no process', async () => {
    const started = own.start().catch(() => null);
    await until('Postgres runs', 30, () => own.process && own.processes().some(({ name }) => name === 'postgres'));
    const { left } = await own.stop();
    await started;
    assert.deepEqual(left, []);
    hasNoProcess(own);
  });

  await t.test('kill -9 of `up` leaves no process, and the folder starts again', async (t) => {
    t.diagnostic(`ready after ${await own.start()} ms`);
    const all = own.processes();
    assert.ok(all.length > 8, all.map(({ command }) => command).join('\n'));
    own.process.kill('SIGKILL');
    await own.exited;
    const begin = Date.now();
    await until('all its processes have ended', 20, () => stillRunning(all).length === 0);
    t.diagnostic(`${all.length} processes ended within ${Date.now() - begin} ms`);
    hasNoProcess(own);
    t.diagnostic(`ready again after ${await own.start()} ms`);
    const { code, left } = await own.stop();
    assert.deepEqual([code, left], [0, []]);
    hasNoProcess(own);
  });

  await t.test('keys and settings are readable by their owner only', () => {
    // As root's folders they may be passed through by the accounts of the processes, but not be listed.
    for (const name of ['secrets', 'conf', 'root-key', 'certs']) assert.equal(statSync(stack.path(name)).mode & 0o066, 0, name);
    for (const name of ['root-key/root.key', 'certs/server.key', 'conf/backend.toml', 'secrets/store-secret']) {
      assert.equal(statSync(stack.path(name)).mode & 0o177, 0, name);
    }
  });
  rmSync(folder, { recursive: true, force: true });
}

/** Asserts the exit code and that one sentence, and nothing else, was said. */
function isOneSentence({ code, error }, wantedCode, sentence) {
  assert.equal(code, wantedCode, error);
  assert.match(error, sentence);
  assert.equal(error.trim().split('\n').length, 1, error);
  assert.doesNotMatch(error, /panicked|backtrace|\.rs:/);
}

/** Asserts that no process anywhere has this stack's folder on its command line. */
function hasNoProcess(stack) {
  assert.deepEqual(processes().filter(({ command }) => command.includes(stack.data)).map(({ command }) => command), []);
}
