// A person stops a long document: its readers are free at once, and what was read by then stays.
import assert from 'node:assert/strict';

import { drop, launch, logIn, openWindow } from '../browser.mjs';
import { until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const PAGES = 40;

export default async function prove(t, world) {
  const { stack, admin } = world;
  const scans = render(textPdf(freePages(PAGES)), 200, 'jpeg');
  const browser = await launch();
  try {
    const { page } = await openWindow(browser, stack);
    await page.goto(stack.address);
    await logIn(page, stack, 'admin', stack.password);

    await t.test('the stop button ends it within two seconds', async () => {
      await drop(page, [{ name: 'long.pdf', type: 'application/pdf', bytes: scannedPdf(scans) }]);
      const row = page.getByRole('listitem').filter({ hasText: 'long.pdf' });
      await row.getByText(/[2-9] of 40 pages/).waitFor({ timeout: 60_000 });
      const clicked = Date.now();
      await row.getByRole('button', { name: 'Stop reading long.pdf' }).click();
      await row.getByText(/^Stopped, \d+ of 40 pages read/).waitFor({ timeout: 2_000 });
      t.diagnostic(`the row says so after ${Date.now() - clicked} ms`);
      assert.equal(await row.getByRole('button', { name: /Stop/ }).count(), 0);
    });

    const { json: list } = await admin.get('/documents');
    const { id, task } = list.documents.find(({ name }) => name === 'long.pdf');
    await t.test('what was read stays, and nothing is read after', async () => {
      assert.equal(task.state, 'cancelled');
      assert.ok(task.pages.done >= 2 && task.pages.done < PAGES, `${task.pages.done} pages`);
      assert.equal((await admin.get(`/documents/${id}/pages/1`)).status, 200);
      assert.equal((await admin.get(`/documents/${id}/pages/${PAGES}`)).json.code, 'page_cancelled');
      const { json: events } = await admin.get(`/tasks/${task.id}/events?after=0`);
      assert.equal(events.events.at(-1).type, 'task.cancelled');
      const { json: pages } = await admin.get(`/documents/${id}/formats/json`);
      assert.equal(pages.pages.filter(({ state }) => state === 'done').length, task.pages.done);
    });

    await t.test('the next document does not wait for it', async () => {
      const next = await admin.add('next.jpg', scans[0]);
      const ended = await admin.ended(next.id);
      assert.equal(ended.task.state, 'done');
      await until('it is deleted', 5, async () => (await admin.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status === 204);
    });
  } finally {
    await browser.close();
  }
}
