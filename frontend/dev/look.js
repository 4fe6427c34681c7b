// `npm run look [folder]`: builds nothing, drives the built front end against the mock, takes a picture of every
// screen (1280 and 390 px, light and dark), runs axe on each, and fails on any violation or console error.
import { mkdirSync } from 'node:fs';

import { findViolations, launch } from './browser.js';
import { lookAtAccount } from './look_account.js';
import { aQueue } from './mock/queue.js';
import { startMock } from './mock/server.js';

const folder = process.argv[2] ?? 'look';
mkdirSync(folder, { recursive: true });
const browser = await launch();
let faults = 0;

for (const width of [1280, 390]) {
  for (const colorScheme of ['light', 'dark']) await visit(width, colorScheme);
}
await browser.close();
console.log(faults === 0 ? 'no violations, no console errors' : `${faults} faults`);
process.exit(faults === 0 ? 0 : 1);

async function visit(width, colorScheme) {
  const mock = await startMock({ port: 0, pageMs: 150 });
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const expected = /40[1349]|422|415|429|ERR_EMPTY_RESPONSE|WebSocket/;
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text())) report(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => report(`page: ${error}`));

  const report = (fault) => {
    faults += 1;
    console.log(`${width} ${colorScheme} ${fault}`);
  };
  const shoot = async (name) => {
    await page.waitForTimeout(120);
    await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    // What happens to be half under the bar at the top is no target that is too small.
    await page.evaluate(() => scrollTo(0, 0));
    for (const violation of await findViolations(page)) report(`${name}: ${violation}`);
  };

  const { store } = mock.control;
  const all = store.documents;
  store.documents = [];
  await page.goto(mock.address);
  await page.getByLabel('Login').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await shoot('login');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByText('is not right').waitFor();
  await shoot('login-wrong');
  mock.control.lockedSeconds = 130;
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByText('Too many attempts').waitFor();
  await shoot('login-wait');
  mock.control.lockedSeconds = 0;
  await page.reload();
  await page.getByLabel('Login').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('right');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();

  await page.getByText('Nothing here yet').waitFor();
  await shoot('documents-empty');

  store.documents = all;
  await page.reload();
  await page.getByRole('link', { name: 'Lease agreement' }).waitFor();
  await page.setInputFiles('input[type=file]', [
    { name: 'notes.docx', mimeType: 'application/zip', buffer: Buffer.from('PK') },
    { name: 'empty.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(0) },
    { name: 'Letters bad page.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(200_000, 1) },
  ]);
  await page.getByText(/[2-8] of 9 pages/).waitFor();
  await shoot('documents');

  const find = (name) => store.documents.find((document) => document.name.startsWith(name));
  await page.goto(`${mock.address}/documents/${find('Discharge').id}/pages/4`);
  await page.getByRole('figure').waitFor();
  await page.getByRole('button', { name: 'Next doubtful word' }).click();
  await shoot('page');
  await page.keyboard.press('j');
  await page.waitForURL(/pages\/5$/);
  await page.goto(`${mock.address}/documents/${find('Discharge').id}/pages/12`);
  await page.getByText('could not be read').waitFor();
  await shoot('page-failed');
  await page.goto(`${mock.address}/documents/${find('Referral').id}/pages/9`);
  await page.getByText('waits for its turn').waitFor();
  await page.getByRole('button', { name: 'Stop reading Referral' }).click();
  await page.getByText('This page was not read').waitFor();
  await shoot('page-stopped');
  await page.goto(mock.address);
  await page.getByText('Stopped, ').waitFor();
  await shoot('documents-stopped');
  const queued = store.add('Queued letter.pdf', 300_000, { upTo: 0 });
  queued.task.place = { pages_before: 2, eta_seconds: 41, workers_alive: 2, note: null };
  await page.goto(mock.address);
  await page.getByText('3rd in the queue, about 40 s').waitFor();
  await shoot('documents-queue');
  const nobody = { ...queued.task.place, eta_seconds: null, workers_alive: 0 };
  for (const socket of mock.control.sockets) socket.send(JSON.stringify({ type: 'places', places: { [queued.task.id]: nobody } }));
  await page.getByText('No worker is running').waitFor();
  await shoot('documents-no-worker');

  // The search: what it teaches, what was found, what was not, and what can't be.
  await page.getByRole('link', { name: 'Search', exact: true }).click();
  await page.getByText('How to search').waitFor();
  await shoot('search');
  const field = page.getByLabel('Search your documents');
  const look = async (query, text) => {
    await field.fill(query);
    await page.keyboard.press('Enter');
    await page.getByText(text).first().waitFor();
  };
  await look('allergies "dear colleague" okafor', 'Looked for allergies');
  await page.waitForLoadState('networkidle');
  await shoot('search-found');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('rect.hit').first().waitFor();
  await shoot('search-opened');
  await page.goBack();
  await look('alergies -Müller', 'similar word');
  await shoot('search-near');
  await look('zebra', 'No page has these words');
  await shoot('search-none');
  await look('co*', 'Write at least three letters');
  await shoot('search-refused');
  await page.getByLabel('from', { exact: true }).fill('2026-03-14');
  await page.getByLabel('to', { exact: true }).fill('2026-03-01');
  await page.getByText('The first day is after').waitFor();
  await shoot('search-days');

  await lookAtAccount(page, mock, shoot);

  // The queue over all owners: busy, with nobody at work, and empty.
  const { queue } = mock.control;
  await page.getByRole('link', { name: 'Queue', exact: true }).click();
  await page.getByText('2 workers read 2 tasks').waitFor();
  await shoot('queue');
  await page.getByRole('button', { name: 'Stop task 0000000b of grace' }).click();
  await shoot('queue-stop');
  await page.getByRole('button', { name: 'Stop it' }).click();
  await page.getByText('grace', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Read again: page 7 of task 000000d1' }).click();
  await page.getByText('Page 7').waitFor({ state: 'detached' });
  Object.assign(queue.totals, { workers: 0, slots: 0, waiting_tasks: queue.totals.open_tasks });
  queue.workers = [];
  await page.getByText('No worker is running').waitFor();
  await shoot('queue-no-worker');
  Object.assign(queue, { ...aQueue(), tasks: [], dead_letters: [] });
  Object.assign(queue.totals, { open_tasks: 0, waiting_tasks: 0, longest_wait_seconds: null, dead_letters: 0 });
  await page.getByText('2 workers are ready').waitFor();
  await shoot('queue-empty');
  await page.goto(mock.address);

  // Reading again: what is to be read, progress, and a choice between two results.
  await page.goto(`${mock.address}/documents/${find('Discharge').id}/pages/4`);
  await page.getByRole('figure').waitFor();
  await page.getByRole('button', { name: 'Read again…' }).click();
  await shoot('read-again');
  await page.getByLabel('Only page 4').check();
  await page.getByLabel('Language').selectOption({ label: 'German' });
  mock.control.store.pace(3_000);
  await page.getByRole('button', { name: 'Read again', exact: true }).click();
  await page.getByText('is being read again').waitFor();
  await shoot('page-read-again');
  await page.getByRole('button', { name: 'Compare and choose' }).waitFor({ timeout: 20_000 });
  mock.control.store.pace(150);
  await page.getByText('Done, with errors').waitFor();
  await shoot('page-two-results');
  await page.getByRole('button', { name: 'Compare and choose' }).click();
  await page.getByRole('button', { name: 'Accept the newer' }).waitFor();
  await shoot('page-compare');
  await page.getByRole('button', { name: 'Accept the newer' }).click();
  await page.getByText('the newer result is shown').waitFor();
  await shoot('page-accepted');
  await page.goto(`${mock.address}/documents/${find('Letters bad').id}/pages/9`);
  mock.control.liveOff = true;
  for (const socket of mock.control.sockets) socket.terminate();
  await page.getByText('Live updates are off').waitFor();
  await shoot('page-waiting');
  await page.goto(`${mock.address}/documents/${find('locked').id}`);
  await page.getByText('This document could not be read').waitFor();
  await shoot('document-failed');
  await page.goto(`${mock.address}/documents/0000-none`);
  await page.getByText('no such document').waitFor();
  await shoot('document-gone');

  await context.close();
  mock.close();
}
