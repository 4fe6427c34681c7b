// A person has pages read again: what failed, what another language reads better or worse; nothing is ever lost by it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import { launch, logIn, openWindow } from '../browser.mjs';
import { processes, until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

// More than can be in work at once: when the first is read, others still wait.
const PAGES = 8;
const heading = (page) => `Page ${page} of the sample`;

export default async function prove(t, { stack, admin }) {
  const scan = scannedPdf(render(textPdf(freePages(PAGES)), 200, 'jpeg'));
  const added = await admin.add('again.pdf', scan);
  const at = `/documents/${added.id}`;
  const post = (path, json, headers) => admin.send('POST', `/api/v1${at}/${path}`, { json, headers });
  const listPages = async () => (await admin.get(`${at}/pages`)).json.pages;
  const text = async () => (await admin.get(`${at}/formats/txt`)).text;
  const pdfText = async () => {
    const pdf = await admin.get(`${at}/searchable.pdf`);
    assert.equal(pdf.status, 200, pdf.text.slice(0, 200));
    return execFileSync('pdftotext', ['-', '-'], { input: pdf.body, encoding: 'utf8' });
  };
  const hasAll = (what) => {
    for (let page = 1; page <= PAGES; page += 1) assert.ok(what.includes(heading(page)), `${heading(page)} is missing:\n${what.slice(0, 500)}`);
  };
  /** Begins a run and gives its task. */
  const begin = async (wish, key = randomUUID()) => {
    const answer = await post('tasks', wish, { 'Idempotency-Key': key });
    assert.equal(answer.status, 202, answer.text);
    assert.equal((await post('tasks', wish, { 'Idempotency-Key': key })).json.id, answer.json.id, 'the same key, the same task');
    return answer.json;
  };
  const browser = await launch();
  try {
    const { page, faults } = await openWindow(browser, stack);
    await logIn(page, stack, 'admin', stack.password);

    await t.test('pages whose readers were killed fail, and are read when one tries again', async () => {
      await until('a page is read', 60, async () => (await admin.get(at)).json.task.pages.done >= 1);
      const isEnded = async () => (await admin.get(at)).json.task.ended_at !== null;
      await until('the other pages have failed', 120, async () => {
        for (const child of stack.find('ocr-child')) process.kill(child.pid, 'SIGKILL');
        return isEnded();
      });
      const { task } = (await admin.get(at)).json;
      assert.equal(task.state, 'done_with_errors', JSON.stringify(task));
      const { done, failed } = task.pages;
      t.diagnostic(`${done} of ${PAGES} pages were read, ${failed} failed`);
      const { page: number } = (await listPages()).find(({ state }) => state === 'done');
      const kept = (await admin.get(`${at}/pages/${number}`)).text;
      await page.goto(`${stack.address}${at}`);
      await page.getByRole('button', { name: /^Try .* missing pages? again$/ }).click();
      await page.getByText('Done', { exact: true }).waitFor({ timeout: 60_000 });
      assert.equal((await admin.get(`${at}/pages/${number}`)).text, kept, `page ${number} was left alone`);
      assert.deepEqual((await admin.ended(added.id)).task.pages, { total: PAGES, done: PAGES, failed: 0, low: 0 });
      hasAll(await text());
      hasAll(await pdfText());
      assert.equal((await post('tasks', { pages: 'failed' })).json.code, 'nothing_unread');
    });

    const older = (await admin.get(`${at}/pages/2`)).json;
    await t.test('a result in the wrong language waits, and everything follows when it is accepted', async () => {
      assert.equal((await post('tasks', { pages: [2], languages: 'xxx' })).json.code, 'language_missing');
      assert.equal((await post('tasks', { pages: [PAGES + 1] })).json.code, 'page_not_found');
      const run = await begin({ pages: [2], languages: 'rus' });
      const { task } = await admin.ended(added.id);
      assert.deepEqual([task.id, task.state, task.settings.languages], [run.id, 'done', 'rus']);
      const [, second] = await listPages();
      assert.deepEqual([second.task, second.other.task, second.other.is_undecided], [older.task, run.id, true], JSON.stringify(second));
      hasAll(await pdfText());
      const newer = (await admin.get(`${at}/pages/2?task=${run.id}`)).json;
      assert.notEqual(newer.text, older.text);

      await page.goto(`${stack.address}${at}/pages/2`);
      await page.getByRole('button', { name: 'Compare and choose' }).press('Enter');
      await page.getByRole('button', { name: 'Accept the newer' }).press('Enter');
      await page.getByText('This page was read again; the newer').waitFor({ timeout: 20_000 });
      assert.equal((await admin.ended(added.id)).task.state, 'done');
      assert.equal((await admin.get(`${at}/pages/2`)).json.text, newer.text);
      // the first line, for the format sets columns apart
      assert.ok((await text()).split('\f')[1].startsWith(newer.text.split('\n')[0]), 'the text follows');
      assert.ok(!(await pdfText()).includes(heading(2)), 'the PDF follows');

      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      await page.getByRole('button', { name: 'Go back to the older' }).click();
      await page.getByText('This page was read again; the older').waitFor({ timeout: 20_000 });
      assert.equal((await admin.ended(added.id)).task.state, 'done');
      hasAll(await text());
      hasAll(await pdfText());
    });

    await t.test('a run that is stopped leaves everything as it was', async () => {
      const before = await listPages();
      const run = await begin({ pages: 'all', preset: 'fax' });
      assert.equal((await post('tasks', { pages: 'all' })).json.code, 'still_reading');
      hasAll(await text());
      await until('a page is being read', 30, async () => (await admin.events(run.id)).some(({ type }) => type === 'page.started'));
      assert.equal((await admin.send('POST', `/api/v1/tasks/${run.id}/cancel`)).json.state, 'cancelled');
      const { task } = await admin.ended(added.id);
      assert.deepEqual([task.state, task.pages.done], ['done', PAGES], JSON.stringify(task));
      const after = await listPages();
      for (const [index, { state, task: shown }] of after.entries()) {
        assert.ok(state === 'done' && (shown === before[index].task || shown === run.id), JSON.stringify(after[index]));
      }
      hasAll(await text());
      hasAll(await pdfText());
    });

    await t.test('kill -9 of a worker in the middle of a run', async () => {
      const run = await begin({ pages: 'all', languages: 'eng' });
      await until('a page is being read', 30, async () => (await admin.events(run.id)).some(({ type }) => type === 'page.started'));
      const isWorker = ({ parent, command }) => parent === stack.process.pid && /untxt worker/.test(command);
      for (const { pid } of processes().filter(isWorker)) process.kill(pid, 'SIGKILL');
      const { task } = await admin.ended(added.id, 120);
      assert.deepEqual([task.id, task.state, task.pages.done], [run.id, 'done', PAGES], JSON.stringify(task));
      const events = await admin.events(run.id);
      assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1), 'seq has no gap');
      assert.equal(events.filter(({ type }) => type === 'page.done').length, PAGES, 'every page once');
      hasAll(await text());
      hasAll(await pdfText());
    });

    await t.test('deleting takes every run along', async () => {
      assert.equal((await admin.send('DELETE', `/api/v1${at}?forever=true`)).status, 204);
      assert.deepEqual(stack.sql(`select count(*) from tasks where document_id = '${added.id}'`), [['0']]);
    });
    // Chromium calls every refused request an error; nothing else may be wrong.
    assert.deepEqual(faults.filter((fault) => !/40[49]/.test(fault)), []);
  } finally {
    await browser.close();
  }
}
