// `npm run walk`: walks through the built front end against the mock, in the system's Chromium, and breaks things on
// the way: the upload's connection, the live connection, the session. Fails on the first thing that is not right.
import assert from 'node:assert/strict';

import { launch } from './browser.js';
import { startMock } from './mock/server.js';

const mock = await startMock({ port: 0, pageMs: 250 });
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
page.on('pageerror', (error) => assert.fail(error));

const file = (name, size = 1_000) => ({ name, mimeType: 'application/pdf', buffer: Buffer.alloc(size, 1) });
const drop = (...files) => page.setInputFiles('input[type=file]', files);
const row = (name) => page.getByRole('listitem').filter({ hasText: name });
const cutLive = (code) => mock.control.sockets.forEach((socket) => (code ? socket.close(code) : socket.terminate()));

async function logIn() {
  await page.getByLabel('Login').fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('right');
  await page.keyboard.press('Enter');
}

const steps = {
  async 'a login leads to where one wanted to go'() {
    await page.goto(`${mock.address}/documents/none/pages/3`);
    await logIn();
    await page.getByRole('heading', { name: 'There is no such document' }).waitFor();
    assert.match(page.url(), /\/documents\/none\/pages\/3$/);
    mock.control.asked.length = 0;
    await page.getByRole('link', { name: 'All documents', exact: true }).click();
    await page.getByRole('list', { name: 'Your documents' }).waitFor();
    await page.waitForTimeout(500);
    assert.ok(mock.control.asked.filter((what) => what === 'GET /documents').length <= 1, 'the list is asked for once');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  },
  async 'a broken upload is sent again with the same key'() {
    // Chromium repeats by itself on connections that it used before; five are more than it does.
    mock.control.uploadFaults = 5;
    await drop(file('Ünï “q” file.pdf', 3_000_000));
    await page.getByText('Connection lost, trying again').waitFor();
    await page.getByRole('link', { name: 'Ünï “q” file.pdf' }).waitFor({ timeout: 20_000 });
    assert.equal(new Set(mock.control.keys).size, 1);
    assert.ok(mock.control.keys.length >= 6);
  },
  async 'pages are counted live, and open by themselves'() {
    await row('Ünï').getByText(/[1-8] of 9 pages/).waitFor();
    await page.getByRole('link', { name: 'Ünï “q” file.pdf' }).click();
    await page.getByRole('heading', { name: 'Page 1 of 9' }).waitFor();
    for (const key of ['j', 'j', 'k', 'ArrowRight', 'j', 'j', 'j', 'j']) await page.keyboard.press(key);
    assert.match(page.url(), /\/pages\/7$/);
    await page.getByRole('figure', { name: 'Page 7, image and text' }).waitFor();
  },
  async 'a page that fails to load is tried again by the person only'() {
    mock.control.pageFaults = 1_000;
    mock.control.asked.length = 0;
    await page.keyboard.press('k');
    await page.getByText('The server is busy; try again in a moment.').waitFor();
    await page.waitForTimeout(500);
    assert.equal(mock.control.asked.filter((what) => what.endsWith('/pages/6')).length, 1);
    mock.control.pageFaults = 0;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('figure', { name: 'Page 6, image and text' }).waitFor();
    await page.keyboard.press('j');
    await page.getByRole('figure', { name: 'Page 7, image and text' }).waitFor();
  },
  async 'words are linked both ways, and the text can be selected'() {
    await page.hover('svg rect[data-word="5"]');
    await page.locator('span.pointed[data-word="5"]').waitFor();
    await page.hover('span[data-word="9"]');
    assert.equal(await page.locator('rect.pointed').count(), 1);
    await page.keyboard.press('n');
    assert.equal(await page.locator('rect.chosen').count(), 1);
    assert.notEqual(await page.evaluate(() => document.activeElement.dataset.word), undefined);
    const region = page.getByRole('region', { name: 'Text of page 7' });
    await region.locator('.text').evaluate((text) => getSelection().selectAllChildren(text));
    assert.match(await page.evaluate(() => String(getSelection())), /^Harbour Street Clinic\n\nReferral letter/);
    await page.goBack();
    assert.match(page.url(), /\/pages\/6$/);
  },
  async 'without live updates the page polls to the end, and says so'() {
    mock.control.liveOff = true;
    cutLive();
    await page.getByText('Live updates are off, asking every 3 seconds').waitFor({ timeout: 30_000 });
    await page.getByRole('link', { name: 'All documents', exact: true }).click();
    await drop(file('second.pdf'));
    await row('second.pdf').getByText('9 pages · 1 to check').waitFor({ timeout: 30_000 });
    mock.control.liveOff = false;
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 45_000 });
  },
  async 'two tabs agree'() {
    const other = await context.newPage();
    await other.goto(mock.address);
    await other.getByRole('link', { name: 'second.pdf' }).waitFor();
    await drop(file('third.pdf'));
    await other.getByRole('link', { name: 'third.pdf' }).waitFor();
    await row('third.pdf').getByText('9 pages · 1 to check').waitFor();
    for (const tab of [page, other]) assert.equal(await tab.getByRole('link', { name: 'third.pdf' }).count(), 1);
    await other.close();
  },
  async 'a document is deleted only on purpose'() {
    await page.getByRole('button', { name: 'Delete second.pdf' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Delete second.pdf' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByRole('link', { name: 'second.pdf' }).waitFor({ state: 'detached' });
  },
  async 'files may be dropped anywhere'() {
    await page.getByRole('link', { name: 'third.pdf' }).click();
    await page.getByRole('heading', { name: 'third.pdf' }).waitFor();
    const dataTransfer = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['x'], 'dropped.pdf', { type: 'application/pdf' }));
      return transfer;
    });
    await page.dispatchEvent('main', 'dragenter', { dataTransfer });
    await page.getByText('Let go to upload').waitFor();
    await page.dispatchEvent('main', 'drop', { dataTransfer });
    await page.getByRole('link', { name: 'dropped.pdf' }).waitFor();
  },
  async 'a session that ends says so and can be taken up again'() {
    mock.control.user = null;
    cutLive(4401);
    await page.getByText('Your session has ended').waitFor();
    assert.equal(await page.getByText('dropped.pdf').count(), 0);
    await logIn();
    await page.getByRole('link', { name: 'dropped.pdf' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    assert.equal(await page.getByText('Your session has ended').count(), 0);
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length), 0);
  },
};

for (const [name, step] of Object.entries(steps)) {
  await step();
  console.log(`ok  ${name}`);
}
await browser.close();
mock.close();
