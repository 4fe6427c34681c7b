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
const field = page.getByLabel('Search your documents');
const hits = page.locator('[data-hit]');
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
  async 'a document goes to the trash, and the keyboard takes it back'() {
    const second = page.getByRole('link', { name: 'second.pdf' });
    await page.getByRole('button', { name: 'Move second.pdf' }).focus();
    await page.keyboard.press('Enter');
    await second.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement.textContent.trim() === 'Undo');
    await page.keyboard.press('Enter');
    await second.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    await page.getByRole('button', { name: 'Move second.pdf' }).click();
    await second.waitFor({ state: 'detached' });
  },
  async 'a document is dragged into a folder, and an upload goes into the open one'() {
    const folder = page.getByRole('navigation', { name: 'Folders and tags' }).getByRole('link', { name: /^Contracts/ });
    await page.getByRole('link', { name: 'Lab results.png' }).dragTo(folder);
    await page.getByText('“Lab results.png” was moved to “Contracts”.').waitFor();
    await folder.getByText('1', { exact: true }).waitFor();
    await folder.click();
    await page.getByText('Goes into “Contracts”.').waitFor();
    await drop(file('signed.pdf'));
    await page.getByRole('link', { name: 'signed.pdf' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Contracts' }).waitFor();
    assert.deepEqual(await page.getByRole('list', { name: 'Your documents' }).getByRole('link').allTextContents(), ['signed.pdf', 'Lab results.png']);
    await page.goBack();
    await page.getByRole('link', { name: 'third.pdf' }).waitFor();
  },
  async 'words are looked for, and stand nowhere but on the screen'() {
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement.type === 'search');
    await page.keyboard.type('allergies "dear colleague"/');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/search$/);
    await hits.first().waitFor();
    await page.getByText('Looked for allergies, “dear colleague”').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.type), 'search', 'one can go on typing');
    const kept = await page.evaluate(() => [document.title, location.href, JSON.stringify(history.state), localStorage.length + sessionStorage.length]);
    assert.deepEqual(kept, ['Search · UNTXT', `${mock.address}/search`, 'null', 0]);
    assert.equal(mock.control.questions.length, 1, 'one question for one Enter');
  },
  async 'the keyboard goes through what was found, opens it, and comes back to it'() {
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
    const name = await page.evaluate(() => document.activeElement.dataset.hit);
    assert.equal(name, await hits.nth(1).getAttribute('data-hit'));
    await page.keyboard.press('Enter');
    await page.locator('rect.hit').first().waitFor();
    assert.equal(page.url().replace('/pages', '').endsWith(name), true);
    const [box, height] = [await page.locator('rect.hit').first().boundingBox(), page.viewportSize().height];
    assert.ok(box.y > 0 && box.y + box.height < height, 'the hit is in sight');
    const marked = await page.locator('span[data-word].hit').allTextContents();
    assert.deepEqual(marked, ['Dear', 'colleague,', 'allergies']);
    await page.getByText('3 hits').waitFor();
    await page.keyboard.press('h');
    await page.getByText('Hit 1 of 3').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Dear');
    await page.getByRole('button', { name: 'Previous hit' }).click();
    await page.getByText('Hit 3 of 3').waitFor();
    const isBackAt = () => page.waitForFunction((name) => document.activeElement.dataset.hit === name, name);
    await page.goBack();
    await isBackAt();
    await page.goForward();
    await page.getByRole('link', { name: 'Search results' }).click();
    await isBackAt();
    assert.equal(mock.control.questions.length, 1, 'the results were kept');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
    await page.keyboard.press('Escape');
    await page.getByText('How to search').waitFor();
  },
  async 'a slow answer never replaces a newer one'() {
    mock.control.searchMs = ({ query }) => (query === 'pulse' ? 800 : 0);
    await page.keyboard.type('pulse');
    await page.keyboard.press('Enter');
    await page.getByText('Searching…').waitFor();
    await field.fill('alergies');
    await page.keyboard.press('Enter');
    await page.getByText('similar word').first().waitFor();
    await page.waitForTimeout(900);
    assert.ok(await page.getByText('similar word').first().isVisible());
    assert.equal(await page.getByRole('alert').filter({ hasText: /./ }).count(), 0, 'the one that was broken off is no trouble');
    mock.control.searchMs = 0;
  },
  async 'more is loaded, and trouble with that takes nothing away'() {
    await field.fill('pulse');
    await page.keyboard.press('Enter');
    await page.getByText('similar word').first().waitFor({ state: 'detached' });
    const before = await hits.count();
    mock.control.searchFaults = 1;
    await page.getByRole('button', { name: 'Show more pages' }).click();
    await page.getByText('The server is busy').waitFor();
    assert.equal(await hits.count(), before);
    await page.getByRole('button', { name: 'Show more pages' }).press('Enter');
    await page.waitForFunction((before) => document.querySelectorAll('[data-hit]').length > before, before);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.hit), await hits.nth(before).getAttribute('data-hit'));
  },
  async 'a question that can not be answered says why, and a server that is busy is asked again'() {
    await field.fill('-pulse');
    await page.keyboard.press('Enter');
    await page.getByText('Write at least one word that the page has').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
    mock.control.searchFaults = 1;
    await field.fill('pulse');
    await page.keyboard.press('Enter');
    await page.getByText('The server is busy').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await hits.first().waitFor();
  },
  async 'days narrow it, and a year is not taken before it is whole'() {
    mock.control.questions.length = 0;
    await page.getByLabel('to', { exact: true }).fill('2020-01-01');
    await page.getByText('Only documents of the days').waitFor();
    const [{ to }] = mock.control.questions;
    assert.ok(/^20(19-12-31|20-01-0[12])T/.test(to), to);
    await page.getByRole('button', { name: 'Any day' }).click();
    await hits.first().waitFor();
    assert.equal(mock.control.questions.length, 2);
  },
  async 'what was deleted is found no more, and marks end with the search'() {
    const { id } = mock.control.store.documents.find(({ name }) => name === 'third.pdf');
    assert.ok((await page.locator(`[data-hit^="${id}"]`).count()) > 0);
    const other = page.locator(`[data-hit]:not([data-hit^="${id}"])`).first();
    const name = await other.textContent();
    await other.click();
    await page.locator('rect.hit').first().waitFor();
    await page.getByRole('link', { name: 'UNTXT, all documents' }).click();
    await page.getByRole('button', { name: 'Move third.pdf' }).click();
    await page.getByRole('link', { name: 'third.pdf' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    await hits.first().waitFor();
    assert.equal(await page.locator(`[data-hit^="${id}"]`).count(), 0);
    await page.getByRole('link', { name: 'UNTXT, all documents' }).click();
    await page.getByRole('link', { name: name.split(', page')[0].trim() }).first().click();
    await page.getByRole('figure').waitFor();
    assert.equal(await page.locator('rect.hit').count(), 0);
    await page.getByRole('link', { name: 'All documents', exact: true }).click();
  },
  async 'files may be dropped anywhere'() {
    await page.getByRole('link', { name: 'Ünï “q” file.pdf' }).click();
    await page.getByRole('heading', { name: 'Ünï “q” file.pdf' }).waitFor();
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
    await page.getByRole('link', { name: 'UNTXT, all documents' }).click();
    await field.fill('Wobbelsheim');
    mock.control.user = null;
    cutLive(4401);
    await page.getByText('Your session has ended').waitFor();
    assert.equal(await page.getByText('dropped.pdf').count(), 0);
    await logIn();
    await page.getByRole('link', { name: 'dropped.pdf' }).waitFor();
    await page.getByRole('link', { name: 'Search', exact: true }).click();
    await page.getByText('How to search').waitFor();
    assert.equal(await field.inputValue(), '', 'what was looked for is forgotten');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor();
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
