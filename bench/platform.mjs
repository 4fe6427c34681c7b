// What the platform costs and how it shares, part by part; docs/PERFORMANCE.md keeps the figures.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Client } from '../e2e/client.mjs';
import { sleep } from '../e2e/processes.mjs';
import { assemblePdf, freePages, render, scannedPage, textPdf } from '../e2e/samples.mjs';
import { Stack, UNTXT } from '../e2e/stack.mjs';
import { cpuSeconds, family, measureCommand } from './measure.mjs';

const text = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: { parts: text('overhead,workers,fairness,notify,memory'), pages: text(100), long: text(1000), rounds: text(3) },
});
const [pages, long, rounds] = ['pages', 'long', 'rounds'].map((name) => Number(values[name]));
/** Different pages; a longer document has them again, their pictures stored once. */
const DRAWN = 20;
const ENGLISH = { query: '?languages=eng' };

const folder = mkdtempSync(join(tmpdir(), 'untxt-bench-'));
const PARTS = { overhead, workers, fairness, notify, memory };
try {
  console.log(`${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}; ${execFileSync(UNTXT, ['--version'], { encoding: 'utf8' }).trim()}`);
  for (const part of values.parts.split(',')) {
    console.log(`\n## ${part}`);
    await PARTS[part]();
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** CPU of all processes of the platform against `untxt ocr` on the same document. */
async function overhead() {
  const bytes = scan(pages, 300);
  const file = join(folder, 'document.pdf');
  writeFileSync(file, bytes);
  const [bare, whole] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    bare.push((await measureCommand([UNTXT, 'ocr', file, '-f', 'pdf', '-o', join(folder, `${round}.pdf`), '-q', '--lang', 'eng'])).cpu);
    whole.push((await onStack({ workers: 2 }, (stack) => measureReading(stack, bytes))).cpu);
    console.error(`round ${round}: bare ${bare.at(-1).toFixed(1)}, platform ${whole.at(-1).toFixed(1)} CPU s (load ${loadavg()[0].toFixed(1)})`);
  }
  const [one, other] = [median(bare), median(whole)];
  console.log(`${pages} pages of 300 dpi: untxt ocr ${one.toFixed(1)} CPU s, platform ${other.toFixed(1)}: ${((other / one - 1) * 100).toFixed(1)} % more (medians of ${rounds})`);
}

/** Pages per second of two workers against one. */
async function workers() {
  const bytes = scan(pages, 300);
  const speeds = { 1: [], 2: [] };
  for (let round = 1; round <= rounds; round += 1) {
    for (const count of [1, 2]) {
      const { seconds } = await onStack({ workers: count }, (stack) => measureReading(stack, bytes));
      speeds[count].push(pages / seconds);
      console.error(`round ${round}: ${count} worker${count > 1 ? 's' : ''}: ${speeds[count].at(-1).toFixed(2)} pages/s (load ${loadavg()[0].toFixed(1)})`);
    }
  }
  const [one, two] = [median(speeds[1]), median(speeds[2])];
  console.log(`one worker ${one.toFixed(2)} pages/s, two ${two.toFixed(2)}: ${(two / one).toFixed(2)} × (medians of ${rounds})`);
}

/** From a single page's acknowledgement to its end: alone, and beside another person's long document. */
async function fairness() {
  await onStack({ workers: 2 }, async (stack) => {
    stack.addUser('second', 'a password for the bench');
    const [first, second] = [await logIn(stack), await logIn(stack, 'second', 'a password for the bench')];
    const page = scan(1, 300);
    const waits = async (count) => {
      const list = [];
      for (let index = 0; index < count; index += 1) {
        const { id } = await second.add(`single ${index}.pdf`, page, ENGLISH);
        const begin = performance.now();
        await ended(second, id);
        list.push((performance.now() - begin) / 1000);
        await sleep(200);
      }
      return list;
    };
    const alone = await waits(20);
    const { id } = await first.add('long.pdf', scan(long, 300), ENGLISH);
    while ((await first.get(`/documents/${id}`)).json.task.pages.done < 4) await sleep(100);
    const beside = await waits(40);
    const { task } = (await first.get(`/documents/${id}`)).json;
    console.log(`alone: ${quantiles(alone)}; beside ${long} pages of another, of which ${task.pages.done} were read: ${quantiles(beside)}`);
    await first.send('POST', `/api/v1/tasks/${task.id}/cancel`);
  });
}

/** Commits per second of rows with events, with the trigger that notifies and without. */
async function notify() {
  await onStack({ workers: 1 }, async (stack) => {
    stack.sql('create table bench (id bigint generated always as identity, payload text)');
    const script = (name, lines) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
    const payload = `json_build_object('owner', gen_random_uuid(), 'task', gen_random_uuid(), 'seq', 1)::text`;
    script('plain.sql', ['begin;', `insert into bench (payload) values (${payload});`, 'commit;']);
    script('notify.sql', ['begin;', `insert into bench (payload) values (${payload});`, `select pg_notify('task_events', ${payload});`, 'commit;']);
    console.log('| connections | commits/s | with an event each | share |\n|---|---|---|---|');
    for (const connections of [1, 4, 16, 32]) {
      const rate = (name) => median(Array.from({ length: rounds }, () => pgbench(stack, name, connections)));
      const [plain, told] = [rate('plain.sql'), rate('notify.sql')];
      console.log(`| ${connections} | ${plain.toFixed(0)} | ${told.toFixed(0)} | ${((told / plain) * 100).toFixed(0)} % |`);
    }
  });
}

function pgbench(stack, script, connections) {
  const where = ['-h', stack.path('postgres/run'), '-p', String(stack.ports.postgres), '-U', 'postgres'];
  const said = execFileSync('pgbench', [...where, '-n', '-c', String(connections), '-j', '2', '-T', '5', '-f', join(folder, script), 'untxt'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/tps = ([\d.]+)/.exec(said)[1]);
}

/** Resident memory by kind of process, over a long document of large pages. */
async function memory() {
  const kinds = { backend: /untxt backend/, worker: /untxt worker/, reader: /ocr-child/, storage: /untxt storage/, postgres: /postgres/, redis: /redis-server/ };
  await onStack({ workers: 2 }, async (stack) => {
    const client = await logIn(stack);
    const { id } = await client.add('large.pdf', scan(long, 600), ENGLISH);
    const names = Object.keys(kinds);
    console.log(`MB, the most since the line before; ${long} pages of 600 dpi\n| pages read | ${names.join(' | ')} |\n|---${'|---'.repeat(names.length)}|`);
    let peak = {};
    for (let next = long / 10; ; ) {
      const all = family(stack.process.pid);
      for (const name of names) {
        const own = all.filter(({ command }) => kinds[name].test(command)).reduce((sum, { rss }) => sum + rss, 0);
        peak[name] = Math.max(peak[name] ?? 0, own);
      }
      // Longer than a person's session lasts without renewal.
      const [[read, state, isOver]] = stack.sql(`select pages_done, state, ended_at is not null from tasks where document_id = '${id}'`);
      if (Number(read) >= next || isOver === 't') {
        console.log(`| ${read}${isOver === 't' ? `, ${state}` : ''} | ${names.map((name) => (peak[name] / 1e6).toFixed(0)).join(' | ')} |`);
        if (isOver === 't') return;
        peak = {};
        next += long / 10;
      }
      await sleep(500);
    }
  });
}

/** Seconds from the acknowledgement to the end, as the platform tells them; asked for seldom, since answers cost CPU. */
async function measureReading(stack, bytes) {
  const client = await logIn(stack);
  const before = cpuSeconds(stack.process.pid);
  const { id } = await client.add('document.pdf', bytes, ENGLISH);
  const { task } = await ended(client, id, 500);
  if (task.state !== 'done') throw new Error(`the document ended as ${JSON.stringify(task)}`);
  await client.get(`/documents/${id}/searchable.pdf`);
  return { seconds: (new Date(task.ended_at) - new Date(task.created_at)) / 1000, cpu: cpuSeconds(stack.process.pid) - before };
}

async function onStack(options, run) {
  const stack = await Stack.start(options);
  try {
    return await run(stack);
  } finally {
    await stack.stop();
    rmSync(stack.folder, { recursive: true });
  }
}

/** Asking whether it is done must not be what is measured: one connection, kept. */
async function logIn(stack, ...who) {
  const client = await Client.logIn(stack, ...who);
  client.agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  return client;
}

async function ended(client, id, everyMs = 50) {
  for (;;) {
    const document = (await client.get(`/documents/${id}`)).json;
    if (document.task.ended_at) return document;
    await sleep(everyMs);
  }
}

function scan(count, dpi) {
  const distinct = render(textPdf(freePages(Math.min(count, DRAWN))), dpi, 'jpeg').map(scannedPage);
  return assemblePdf(Array.from({ length: count }, (_, index) => distinct[index % distinct.length]));
}

function quantiles(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(2);
  return `median ${at(0.5)} s, p95 ${at(0.95)} s, of ${list.length}`;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
