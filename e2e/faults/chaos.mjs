// Faults without end, chosen by chance, under load. The seed gives the same faults in the same order.
import { rmSync } from 'node:fs';

import { sleep } from '../processes.mjs';
import { digital, scanned } from './documents.mjs';
import { judge, tally } from './oracle.mjs';
import { Random } from './random.mjs';
import { LEASE_SECONDS } from './site.mjs';
import { MANY_ATTEMPTS } from './tests/kills.mjs';

const PEOPLE = 8;
const HANDS = 2;
const OPEN_DOCUMENTS = 12;
const ENV = { UNTXT_WORKER__MAX_ATTEMPTS: String(MANY_ATTEMPTS) };

/** Does what it says, and gives what undoes it. Each is as likely as the number of times that it stands here. */
const FAULTS = {
  'worker killed': (site, random) => random.pick(site.workers).restart({ env: ENV }),
  'reader killed': (site, random) => killChild(site, random.pick(site.workers)),
  'worker frozen': (site, random) => freeze(random.pick(site.workers), random.between(500, (LEASE_SECONDS + 2) * 1000)),
  'backend killed': (site) => site.backend.restart(),
  'Redis killed': async (site) => (await site.redis.kill(), site.startServer('redis')),
  'Redis wiped': wipeRedis,
  'Redis flushed': (site) => site.redisCommand('flushall'),
  'Postgres restarted': async (site) => (await site.postgres.stop('SIGQUIT'), site.startServer('postgres')),
  'store killed': async (site) => (await site.store.kill(), site.startServer('store')),
  'connections reset': disturb((way) => way.reset()),
  'connections cut': disturb((way) => way.cut()),
  'connections slow': disturb((way, random) => way.delay(random.between(20, 500))),
  'connections half-open': disturb((way) => way.freeze()),
  'answers broken off': disturb((way, random) => way.truncate(random.between(1, 20_000))),
  'wake-ups repeated': repeatWakeUps,
};

/** Strikes for so long, or so often, while documents are uploaded; gives what was done and what became of it. */
export async function run(site, random, { seconds = Infinity, faults = Infinity }) {
  for (const worker of site.workers) await worker.restart({ env: ENV });
  // Streams of chance of their own: how fast anything goes must not change what comes next.
  const state = { promised: [], isOver: false, counts: {}, error: null };
  const people = Array.from({ length: PEOPLE }, (_, index) => upload(site, new Random(random.seed + 1 + index), state));
  const uploading = Promise.all(people).catch((error) => Object.assign(state, { error, isOver: true }));
  const end = Date.now() + seconds * 1000;
  const hands = Array.from({ length: HANDS }, (_, index) => strike(site, new Random(random.seed + 100 + index), state, { end, faults: faults / HANDS }));
  await Promise.all(hands).finally(() => (state.isOver = true));
  await site.heal();
  await uploading;
  if (state.error) throw state.error;
  const healed = Date.now();
  const complaints = await judge(site, state.promised, { seconds: 120, maxAttempts: MANY_ATTEMPTS });
  const drained = Number(site.sql(`select extract(epoch from max(ended_at)) * 1000 from tasks`)[0][0]) - healed;
  for (const worker of site.workers) await worker.restart();
  const done = Object.values(state.counts).reduce((total, count) => total + count, 0);
  return { faults: done, counts: state.counts, tasks: state.promised.length, pages: sum(state.promised, 'pages'), tries: sum(state.promised, 'tries'), drainedMs: Math.max(0, drained), complaints, ...tally(complaints) };
}

/** One hand strikes after the other fault is undone; two hands strike at the same time. */
async function strike(site, random, state, { end, faults }) {
  for (let done = 0; done < faults && !state.isOver && Date.now() < end; done += 1) {
    const name = random.pick(Object.keys(FAULTS));
    await FAULTS[name](site, random);
    state.counts[name] = (state.counts[name] ?? 0) + 1;
    await sleep(random.between(0, 300));
  }
}

const sum = (list, key) => list.reduce((total, one) => total + one[key], 0);

/** Keeps some documents open all the time. */
async function upload(site, random, state) {
  while (!state.isOver) {
    const open = site.trySql("select count(*) from tasks where ended_at is null");
    if (open === null || Number(open[0][0]) >= OPEN_DOCUMENTS) {
      await sleep(200);
      continue;
    }
    const document = random.next() < 0.3 ? scanned(random.between(1, 3)) : digital(random.between(1, 6));
    state.promised.push(await site.person.insist(document));
  }
}

/** Disturbs one way, or all ways to one server, for a while. */
function disturb(strike) {
  return async (site, random) => {
    const server = random.pick(['postgres', 'redis', 'store']);
    const process = random.pick([site.backend, ...site.workers]);
    const ways = random.next() < 0.3 ? site.allWays(server) : [site.way(process, server)];
    for (const way of ways) strike(way, random);
    await sleep(random.between(50, 1000));
    for (const way of ways) way.heal();
  };
}

async function killChild(site, worker) {
  const child = site.childOf(worker);
  try {
    if (child) process.kill(child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Sleeps for so long while other faults go on. */
function freeze(worker, milliseconds) {
  worker.signal('SIGSTOP');
  setTimeout(() => worker.signal('SIGCONT'), milliseconds);
}

async function wipeRedis(site) {
  await site.redis.kill();
  rmSync(site.stack.path('redis/data/appendonlydir'), { recursive: true, force: true });
  await site.startServer('redis');
}

function repeatWakeUps(site) {
  const tasks = site.trySql('select id from tasks where ended_at is null limit 5') ?? [];
  for (const [task] of tasks) {
    for (const kind of ['inspect', 'recognise', 'finish']) {
      const entry = JSON.stringify({ version: 1, kind, queue: 'interactive', task, trace: task });
      site.redisCommand('eval', "for i = 1, 10 do redis.call('xadd', KEYS[1], '*', 'entry', ARGV[1]) end", '1', 'ocr:jobs:interactive', entry);
    }
  }
}
