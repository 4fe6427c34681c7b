// A thousand people at once: what logins cost in time and memory, what a thousand open sessions get answered, and how soon all of
// them are over. The figures are printed; those of a development build on a machine that does other things as well.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import https from 'node:https';

import { Client } from '../client.mjs';

const PEOPLE = 10;
const SESSIONS = 1_000;
const AT_ONCE = 100;
const PASSWORD = 'eight warm otters in the reeds';
/** argon2id's memory for one check, in MiB; each core checks one password at a time. */
const CHECK_MIB = 19;

export default async function prove(t, { stack }) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const people = Array.from({ length: PEOPLE }, (_, index) => `crowd-${index}`);
  for (const login of people) stack.addUser(login, PASSWORD);
  const [backend] = stack.find('conf/backend.toml');
  const clients = [];

  await t.test('a thousand logins, a hundred at a time, are let in without a memory for each', async () => {
    const before = memoryOf(backend.pid);
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, memoryOf(backend.pid))), 20);
    const [seconds] = await timed(() =>
      inParallel(SESSIONS, async (index) => {
        const client = new Client(stack);
        client.agent = agent;
        const answer = await client.send('POST', '/api/v1/session', { json: { login: people[index % PEOPLE], password: PASSWORD } });
        assert.equal(answer.status, 200, answer.text);
        clients[index] = client;
      }),
    );
    clearInterval(watch);
    t.diagnostic(`${(SESSIONS / seconds).toFixed(0)} logins/s; the backend had ${before.toFixed(0)} MiB before and ${most.toFixed(0)} MiB at most`);
    assert.ok(most - before < (AT_ONCE / 2) * CHECK_MIB, `${AT_ONCE} logins at once took ${most - before} MiB more`);
  });

  await t.test('a thousand open sessions are answered, all at once', async () => {
    const took = [];
    const [seconds] = await timed(() =>
      inParallel(SESSIONS, async (index) => {
        const [each, answer] = await timed(() => clients[index].get('/documents'));
        assert.equal(answer.status, 200, answer.text);
        took.push(each * 1_000);
      }),
    );
    took.sort((one, other) => one - other);
    const at = (share) => took[Math.floor(share * (took.length - 1))].toFixed(0);
    t.diagnostic(`${(SESSIONS / seconds).toFixed(0)} lists/s, ${AT_ONCE} at a time: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  });

  await t.test('all sessions of a person end together, and nobody else notices', async () => {
    const mine = clients.filter((_, index) => index % PEOPLE === 0);
    const [seconds, ended] = await timed(() => mine[0].send('DELETE', '/api/v1/sessions'));
    assert.equal(ended.status, 204);
    const statuses = await Promise.all(mine.map(async (client) => (await client.get('/session')).status));
    assert.deepEqual(new Set(statuses), new Set([401]));
    assert.equal((await clients[1].get('/session')).status, 200);
    t.diagnostic(`${mine.length} sessions ended in ${(seconds * 1_000).toFixed(0)} ms, each before its next request`);
  });
  agent.destroy();
}

async function inParallel(count, work) {
  let next = 0;
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    while (next < count) await work(next++);
  });
  await Promise.all(lanes);
}

async function timed(work) {
  const begun = performance.now();
  const done = await work();
  return [(performance.now() - begun) / 1_000, done];
}

/** Gives what a process has in memory, in MiB. */
const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1_024;
