// Why is nothing happening? An administrator sees it, stops what waits, and has read again what was given up; the owner
// of the document hears of it. Nobody else gets to see the queue.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { freePages, render, textPdf } from '../samples.mjs';

const NAME = 'Befund Wobbelsheim.jpg';
const PASSWORD = 'carla-has-a-password';

export default async function prove(t, world) {
  const { stack } = world;
  stack.addUser('carla', PASSWORD);
  const carla = await Client.logIn(stack, 'carla', PASSWORD);
  const scan = render(textPdf(freePages(1)), 150, 'jpeg')[0];
  const isWorker = ({ parent, command }) => parent === stack.process.pid && /untxt worker/.test(command);
  const workers = stack.processes().filter(isWorker);
  const browser = await launch();
  try {
    const admin = await openWindow(browser, stack);
    const owner = await openWindow(browser, stack);
    await logIn(admin.page, stack, 'admin', stack.password);
    await logIn(owner.page, stack, 'carla', PASSWORD);
    const row = owner.page.getByRole('listitem').filter({ hasText: NAME });
    const open = admin.page.getByRole('table', { name: 'Open tasks' });
    for (const { pid } of workers) process.kill(pid, 'SIGSTOP');

    const { task } = await carla.add(NAME, scan);
    await t.test('an administrator sees what waits, and why', async () => {
      await admin.page.getByRole('link', { name: 'Queue', exact: true }).click();
      await open.getByRole('row').filter({ hasText: 'carla' }).getByText('Waiting').waitFor();
      await admin.page.getByText(/No worker is running: 1 task waits, for \d+ s; its document is safe/).waitFor({ timeout: 30_000 });
      await shoot(world, admin, 'queue');
      assert.ok(!(await admin.page.content()).includes('Wobbelsheim'), 'no name of a document');
    });

    await t.test('and stops it, after a question; its owner hears of it at once', async () => {
      await row.waitFor();
      await open.getByRole('button', { name: /^Stop task \w{8} of carla$/ }).click();
      await admin.page.getByRole('button', { name: 'Let it go on' }).click();
      assert.equal((await carla.get('/documents')).json.documents[0].task.state, 'queued');
      await open.getByRole('button', { name: /^Stop task/ }).click();
      await admin.page.getByRole('button', { name: 'Stop it' }).click();
      await row.getByText('Stopped before it was opened').waitFor({ timeout: 20_000 });
      await admin.page.getByText('No task is open.').waitFor();
      assert.equal(await admin.page.evaluate(() => document.activeElement.id), 'open-title');
    });

    for (const { pid } of workers) process.kill(pid, 'SIGCONT');
    await t.test('what was given up is read again', async () => {
      stack.sql(`insert into dead_letters (task_id, owner_id, reason, attempts) select id, owner_id, 'crashed', 3 from tasks where id = '${task.id}'`);
      const replay = admin.page.getByRole('button', { name: /^Read again: the document of task/ });
      await replay.click();
      await replay.waitFor({ state: 'detached' });
      await row.getByText(/^Done/).waitFor({ timeout: 60_000 });
      await admin.page.getByText('2 workers are ready. Nothing waits.').waitFor({ timeout: 30_000 });
    });

    await t.test('nobody else has a link, a page or an answer', async () => {
      assert.equal(await owner.page.getByRole('link', { name: 'Queue', exact: true }).count(), 0);
      await owner.page.goto(`${stack.address}/queue`);
      await owner.page.getByText('There is nothing at this address').waitFor();
      for (const [method, path] of [['GET', 'queue'], ['POST', `tasks/${task.id}/cancel`], ['POST', `tasks/${task.id}/replay`]]) {
        const answer = await carla.send(method, `/api/v1/admin/${path}`);
        assert.deepEqual([answer.status, answer.json.code], [403, 'not_allowed'], path);
      }
    });

    await t.test('its owner moves it to the trash, and could take it back', async () => {
      await owner.page.goto(stack.address);
      const move = row.getByRole('button', { name: `Move ${NAME} to the trash` });
      await move.click();
      await owner.page.getByText(`“${NAME}” was moved to the trash.`).waitFor();
      await owner.page.getByRole('button', { name: 'Undo' }).click();
      await row.waitFor();
      await move.click();
      await row.waitFor({ state: 'detached' });
      assert.deepEqual((await carla.get('/documents')).json.documents, []);
    });

    await t.test('no console error, no other host, no violated policy', () => {
      assert.deepEqual([...admin.faults, ...owner.faults], []);
    });
  } finally {
    for (const { pid } of workers) {
      try {
        process.kill(pid, 'SIGCONT');
      } catch {
        // it has ended
      }
    }
    await browser.close();
  }
}

/** Takes pictures on a desk and on a phone, by day and by night. */
async function shoot({ shots }, { page }, name) {
  if (!shots) return;
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1440, 390]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1440, height: 900 });
}
