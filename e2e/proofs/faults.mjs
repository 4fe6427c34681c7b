// Whatever dies in mid-page: the document still ends, every page once, the story of events without a gap.
import assert from 'node:assert/strict';

import { processes, readProcess, until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const PAGES = 6;

export default async function prove(t, { stack, admin }) {
  const scan = scannedPdf(render(textPdf(freePages(PAGES)), 250, 'jpeg'));

  await t.test('kill -9 of the reading child in mid-page', () =>
    survives(t, stack, admin, scan, 'child', () => until('a child reads', 20, () => stack.find('ocr-child').at(0))),
  );

  await t.test('kill -9 of a whole worker process', async () => {
    const worker = () => processes().find(({ parent, command }) => parent === stack.process.pid && /untxt worker/.test(command));
    await survives(t, stack, admin, scan, 'worker', worker);
    assert.equal(stack.find('untxt worker').length, stack.workers, 'the worker was started again');
  });

  await t.test('kill -9 of Redis', () => survives(t, stack, admin, scan, 'redis', () => stack.find('redis-server').at(0)));

  await t.test('kill -9 of Postgres', () =>
    survives(t, stack, admin, scan, 'postgres', () => stack.processes().find(({ parent, command }) => parent === stack.process.pid && /postgres -D/.test(command))),
  );

  await t.test('kill -9 of the store', () => survives(t, stack, admin, scan, 'storage', () => stack.find('untxt storage').at(0)));

  await t.test('kill -9 of the backend', () => survives(t, stack, admin, scan, 'backend', () => stack.find('untxt backend').at(0)));
}

async function survives(t, stack, admin, scan, what, findVictim) {
  const { id, task } = await admin.add(`${what}.pdf`, scan);
  const isMidPage = async () => {
    const events = (await admin.get(`/tasks/${task.id}/events?after=0`)).json.events;
    const begun = events.filter(({ type }) => type === 'page.started').length;
    const ended = events.filter(({ type }) => type === 'page.done').length;
    return begun > ended && ended >= 1 && ended < PAGES - 1;
  };
  await until('a page is being read', 60, isMidPage);
  const victim = await findVictim();
  process.kill(victim.pid, 'SIGKILL');
  const killed = Date.now();
  await until(`${what} is dead`, 10, () => readProcess(victim.pid)?.started !== victim.started);
  const document = await admin.ended(id, 120);
  t.diagnostic(`${what} (${victim.name}, ${victim.pid}) killed; the document ended ${((Date.now() - killed) / 1000).toFixed(1)} s later`);
  assert.equal(document.task.state, 'done', JSON.stringify(document.task));
  assert.deepEqual(document.task.pages, { ...document.task.pages, total: PAGES, done: PAGES, failed: 0 });
  await isToldOnce(stack, admin, document);
}

/** Asserts that events and rows tell of every page once and of one end. */
async function isToldOnce(stack, admin, { id, task }) {
  const events = await admin.events(task.id);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1), 'seq has no gap');
  assert.equal(task.last_seq, events.length);
  const done = events.filter(({ type }) => type === 'page.done').map(({ page }) => page);
  assert.deepEqual(done.toSorted?.((a, b) => a - b) ?? [...done].sort((a, b) => a - b), Array.from({ length: PAGES }, (_, index) => index + 1));
  assert.equal(events.filter(({ type }) => /^task\.(done|failed|done_with_errors|cancelled)$/.test(type)).length, 1, 'one end');
  assert.equal(events.at(-1).type, 'task.done');
  const rows = stack.sql(`select page_number, state, count(*) over () from pages where task_id = '${task.id}' order by page_number`);
  assert.deepEqual(rows, Array.from({ length: PAGES }, (_, index) => [String(index + 1), 'done', String(PAGES)]));
  const text = (await admin.get(`/documents/${id}/formats/txt`)).text;
  assert.equal(text.match(/of the sample/g).length, PAGES, 'every page is in the text, once');
}
