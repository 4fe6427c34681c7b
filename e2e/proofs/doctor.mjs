// The doctor before the running platform: all good; then one thing broken at a time. And no socket that it doesn't list.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';

import { UNTXT, freePort } from '../stack.mjs';

const PROCESSES = ['backend', 'worker', 'storage'];

export default async function prove(t, { stack }) {
  const doctor = (process, { config = stack.path(`conf/${process}.toml`), args = ['--json', '--authority', stack.path('certs/ca')] } = {}) =>
    runDoctor(['doctor', '--config', config, '--process', process, ...args]);
  const inventories = {};
  for (const process of PROCESSES) inventories[process] = JSON.parse((await doctor(process, { args: ['--inventory', 'json'] })).out);

  await t.test('every socket of every process is a hop of the inventory', (t) => {
    const edges = openEdges(stack);
    t.diagnostic(`${edges.length} sockets; hops: ${PROCESSES.map((name) => `${name} ${inventories[name].map(({ id }) => id).join(' ')}`).join('; ')}`);
    assert.ok(edges.length > 8, `only ${edges.length} sockets were found: this proof proves nothing`);
    assert.deepEqual(strangers(edges, inventories), []);
  });

  await t.test('the control: a hop that is taken out of the inventory is noticed', () => {
    for (const id of ['sql', 'queue', 'https']) {
      const less = Object.fromEntries(Object.entries(inventories).map(([name, hops]) => [name, hops.filter((hop) => hop.id !== id && !(id === 'sql' && hop.id === 'listen'))]));
      assert.ok(strangers(openEdges(stack), less).length > 0, id);
    }
  });

  for (const process of ['backend', 'worker']) {
    await t.test(`${process}: every hop is good`, async (t) => {
      const begin = Date.now();
      const { code, out, said } = await doctor(process);
      const { hops } = JSON.parse(out);
      t.diagnostic(`${hops.length} hops in ${Date.now() - begin} ms: ${hops.map(({ id, refused }) => `${id} refused ${refused.length}`).join(', ')}`);
      assert.equal(code, 0, said);
      for (const hop of hops) assert.deepEqual([hop.id, hop.verdict, hop.findings], [hop.id, 'good', []]);
      const of = (id) => hops.find((hop) => hop.id === id);
      for (const what of ['superuser over TCP', 'another role', 'plaintext', 'no client certificate', 'expired client certificate']) assert.ok(of('sql').refused.includes(what), what);
      for (const what of ['Redis default user', 'wrong password', 'TLS 1.2', 'future client certificate']) assert.ok(of('queue').refused.includes(what), what);
      for (const secret of ['postgres-backend', 'postgres-worker', 'redis-backend', 'redis-worker', 'store-secret']) {
        assert.equal(said.includes(stack.read(`secrets/${secret}`).toString().trim()), false, secret);
      }
    });
  }

  /** Runs the doctor with changed settings; gives its exit code and the codes found at a hop. */
  const broken = async (id, change) => {
    const config = join(stack.folder, 'broken.toml');
    const settings = stack.read('conf/backend.toml').toString();
    assert.notEqual(change(settings), settings);
    writeFileSync(config, change(settings), { mode: 0o600 });
    return judged(id, await doctor('backend', { config }));
  };
  const judged = (id, { code, out }) => {
    const hops = JSON.parse(out).hops;
    const others = hops.filter((hop) => hop.id !== id && hop.verdict !== 'good').map((hop) => hop.id);
    return { code, found: hops.find((hop) => hop.id === id).findings.map((finding) => finding.code), others };
  };

  await t.test('nobody listens: could not be probed', async () => {
    const nowhere = await freePort();
    const result = await broken('queue', (settings) => settings.replace(`port = ${stack.ports.redis}`, `port = ${nowhere}`));
    assert.deepEqual(result, { code: 2, found: ['connection_refused'], others: [] });
  });

  await t.test('a Redis without TLS is red', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.end('-NOAUTH Authentication required.\r\n')));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const result = await broken('queue', (settings) => settings.replace(`port = ${stack.ports.redis}`, `port = ${server.address().port}`));
    server.close();
    assert.deepEqual(result, { code: 1, found: ['no_tls'], others: [] });
  });

  await t.test('a store with a certificate for other uses is red', async () => {
    // A client's certificate names no host and is for no server.
    const server = tls.createServer({ cert: stack.read('certs/backend.crt'), key: stack.read('certs/backend.key') }).on('tlsClientError', () => {});
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const result = await broken('objects', (settings) => settings.replaceAll(`:${stack.ports.store}`, `:${server.address().port}`));
    server.close();
    assert.equal(result.code, 1);
    assert.match(result.found[0], /^(certificate_unusable|name_not_in_certificate)$/);
    assert.deepEqual(result.others, []);
  });

  await t.test('a Postgres that takes plaintext is red, and good again when it is mended', async () => {
    const path = stack.sql('show hba_file')[0][0];
    const rules = readFileSync(path);
    try {
      writeFileSync(path, `host all untxt_backend 127.0.0.1/32 scram-sha-256\n${rules}`);
      stack.sql('select pg_reload_conf()');
      const { code, found } = await until(async () => judged('sql', await doctor('backend')), ({ code }) => code === 1);
      assert.equal(code, 1);
      for (const wanted of ['plaintext_accepted', 'no_certificate_accepted']) assert.ok(found.includes(wanted), found.join());
    } finally {
      writeFileSync(path, rules);
      stack.sql('select pg_reload_conf()');
    }
    assert.equal((await until(async () => judged('sql', await doctor('backend')), ({ code }) => code === 0)).code, 0);
  });
}

/** Asks up to five times until the answer is as wanted: Postgres reads its rules in the background. */
async function until(ask, isWanted) {
  let answer;
  for (let count = 0; count < 5; count += 1) {
    answer = await ask();
    if (isWanted(answer)) break;
  }
  return answer;
}

function runDoctor(args) {
  return new Promise((resolve) => {
    execFile(UNTXT, args, { env: { PATH: process.env.PATH }, encoding: 'utf8', timeout: 60_000 }, (error, out, err) => resolve({ code: error ? error.code : 0, out, said: out + err }));
  });
}

/** Gives the TCP sockets of the stack's processes, with the kind of process that has them. */
function openEdges(stack) {
  const rows = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').trim().split('\n').slice(1)).map((line) => line.trim().split(/\s+/));
  const port = (address) => Number.parseInt(address.split(':')[1], 16);
  const byInode = new Map(rows.map((row) => [row[9], { local: port(row[1]), remote: port(row[2]), isListening: row[3] === '0A' }]));
  return stack.processes().flatMap(({ pid, name, command }) => {
    const kind = name === 'untxt' ? command.split(' ')[1] : name;
    return inodes(pid).flatMap((inode) => (byInode.has(inode) ? [{ kind, ...byInode.get(inode) }] : []));
  });
}

function inodes(pid) {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? []);
  } catch {
    return []; // It ended meanwhile.
  }
}

/** Gives the sockets that no hop explains. */
function strangers(edges, inventories) {
  const all = Object.values(inventories).flat();
  const inbound = (hops) => hops.filter((hop) => hop.is_inbound).map((hop) => hop.port);
  const outgoing = (hops) => hops.filter((hop) => !hop.is_inbound).map((hop) => hop.port);
  const ofServer = { postgres: 'sql', 'redis-server': 'queue' };
  return edges.filter(({ kind, local, remote, isListening }) => {
    const hops = inventories[kind] ?? [];
    const served = ofServer[kind] ? all.filter((hop) => hop.id === ofServer[kind]).map((hop) => hop.port) : inbound(hops);
    return !(served.includes(local) || (!isListening && outgoing(hops).includes(remote)));
  });
}
