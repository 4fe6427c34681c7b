// A person looks for words of a scan and finds them where they stand on the picture; what they looked for leaves no
// trace in the browser, nobody else finds anything, and with the document it is gone.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { PAGE, freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const NAME = 'Akte Quorvex.pdf';
const PASSWORD = 'dora-and-emil-have-passwords';
/** Points that a box may be off: the reader puts boxes around ink, the font around letters. */
const SLACK = 5;

export default async function prove(t, world) {
  const { stack } = world;
  for (const login of ['dora', 'emil']) stack.addUser(login, PASSWORD);
  const [dora, emil] = [await Client.logIn(stack, 'dora', PASSWORD), await Client.logIn(stack, 'emil', PASSWORD)];
  const drawn = textPdf(freePages(3, (page) => (page === 2 ? world.heading : `Page ${page} of the file`)));
  const { id } = await dora.add(NAME, scannedPdf(render(drawn, 200, 'jpeg')));
  assert.equal((await dora.ended(id)).task.state, 'done');
  const place = placeOf(drawn, 'Zylindrakowski');
  const browser = await launch();
  try {
    const { page, faults, context } = await openWindow(browser, stack);
    const addresses = [];
    page.on('request', (request) => addresses.push(request.url()));
    await logIn(page, stack, 'dora', PASSWORD);
    const field = page.getByLabel('Search your documents');
    const hits = page.locator('[data-hit]');
    const total = page.getByRole('status').filter({ hasText: /page/i });
    /** Looks for words; gives the names of what was found, when the answer is on the screen. */
    const find = async (query) => {
      await field.fill(query);
      await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/search')), field.press('Enter')]);
      await until('the answer is shown', 5, async () => ((await page.locator('ul[aria-busy="true"]').count()) === 0));
      return (await hits.allTextContents()).map((name) => name.trim());
    };

    const picture = page.getByRole('listitem').filter({ hasText: NAME });
    const isPictured = () =>
      until('the picture is there', 20, () => picture.locator('img').evaluate((image) => image.naturalWidth > 1000));

    await t.test('a word as it is written, from the list of documents', async () => {
      await page.keyboard.press('/');
      await page.keyboard.type('Zylindrakowski');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${stack.address}/search`);
      await total.getByText('1 page', { exact: true }).waitFor();
      assert.deepEqual((await hits.allTextContents()).map((name) => name.trim()), [`${NAME}, page 2`]);
      assert.deepEqual(await page.locator('mark').allTextContents(), ['Zylindrakowski']);
      assert.equal(await page.getByText('similar word').count(), 0);
    });

    await t.test('its picture shows where it stands', async () => {
      await isPictured();
      assertBox(await shownBox(picture.locator('img'), picture.locator('rect')), place);
      await shoot(world, page, 'search');
    });

    await t.test('misread, by its beginning, as a phrase, and with others', async () => {
      assert.deepEqual(await find('Zylindrakawski'), [`${NAME}, page 2`]);
      assert.equal(await page.getByText('similar word').count(), 1);
      assert.deepEqual(await page.locator('mark').allTextContents(), ['Zylindrakowski']);
      assert.deepEqual(await find('"Zylindrakawski"'), [], 'in quotes it is exact');
      assert.deepEqual(await find('zylind*'), [`${NAME}, page 2`]);
      assert.deepEqual(await find('"meets Quorvex"'), [`${NAME}, page 2`]);
      assert.deepEqual(await page.locator('mark').allTextContents(), ['meets', 'Quorvex']);
      assert.deepEqual(await find('"Quorvex meets"'), []);
      await page.getByText('No page has these words').waitFor();
      assert.deepEqual(await find('quorvex Xylophone OR zylindrakowski'), [`${NAME}, page 2`]);
      assert.deepEqual(await find('quorvex -meets'), []);
      assert.equal((await find('file')).length, 2);
      assert.deepEqual(await find('-quorvex'), []);
      await page.getByRole('alert').getByText(/word/).waitFor();
    });

    await t.test('days leave out what was uploaded on others', async () => {
      await find('Zylindrakowski');
      await page.getByLabel('to', { exact: true }).fill('2020-02-29');
      await page.getByText('Only documents of the days you chose were searched.').waitFor();
      await page.getByRole('button', { name: 'Any day' }).click();
      await hits.first().waitFor();
    });

    await t.test('opened by the keyboard it is boxed on the page, in sight, and one comes back to it', async () => {
      await field.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${stack.address}/documents/${id}/pages/2`);
      const figure = page.getByRole('figure');
      await until('the image is there', 20, () => figure.getByRole('img').evaluate((image) => image.naturalWidth > 1000));
      assertBox(await shownBox(figure.getByRole('img'), figure.locator('rect.hit')), place);
      const { y, height } = await figure.locator('rect.hit').boundingBox();
      assert.ok(y > 0 && y + height < page.viewportSize().height, `the hit is at ${y}`);
      assert.deepEqual(await figure.locator('span[data-word].hit').allTextContents(), ['Zylindrakowski']);
      await shoot(world, page, 'search-opened');
      const asked = addresses.length;
      await page.goBack();
      await hits.first().waitFor();
      assert.ok(!addresses.slice(asked).some((address) => address.endsWith('/search')), 'the results were kept');
    });

    await t.test('no word of it is in an address, a title, the history or a store of the browser', async () => {
      const words = /zylind|quorvex|meets/i;
      assert.deepEqual(addresses.filter((address) => words.test(decodeURIComponent(address))), []);
      const kept = await page.evaluate(() => JSON.stringify([document.title, location.href, history.state, { ...localStorage }, { ...sessionStorage }]));
      assert.ok(!words.test(kept), kept);
      assert.ok(!words.test(JSON.stringify(await context.storageState())));
      await page.reload();
      assert.equal(await field.inputValue(), '');
    });

    const ask = (client, query) => client.send('POST', '/api/v1/search', { json: { query } });
    await t.test('another person finds nothing', async () => {
      assert.equal((await ask(dora, 'Zylindrakowski')).json.hits.length, 1, 'she does');
      for (const query of ['Zylindrakowski', 'Zylindrakawski', 'zylind*', '"meets Quorvex"']) {
        const { status, json } = await ask(emil, query);
        assert.deepEqual([status, json.hits, json.total.pages], [200, [], 0], query);
      }
      const own = await ask(emil, 'Zylindrakowski');
      assert.ok(!JSON.stringify(own.json).includes(id));
    });

    await t.test('with the document it is gone', async () => {
      assert.deepEqual(await find('Zylindrakowski'), [`${NAME}, page 2`]);
      await isPictured();
      assert.equal((await dora.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status, 204);
      assert.deepEqual(await find('Zylindrakowski'), []);
      await page.getByText('No page has these words').waitFor();
      assert.deepEqual(await find('zylind*'), []);
    });

    await t.test('no console error, no other host, no violated policy', () => {
      // The question that can't be answered is answered by 422, which Chromium calls an error.
      assert.deepEqual(faults.filter((fault) => !/422.*\/search/.test(fault)), []);
    });
  } finally {
    await browser.close();
  }
}

/** Gives where a word was drawn: left, top, right and bottom as shares of the page. */
function placeOf(pdf, word) {
  const boxes = execFileSync('pdftotext', ['-bbox', '-', '-'], { input: pdf, encoding: 'utf8' });
  const found = new RegExp(`xMin="([\\d.]+)" yMin="([\\d.]+)" xMax="([\\d.]+)" yMax="([\\d.]+)">${word}<`).exec(boxes);
  return found.slice(1).map((points, side) => Number(points) / (side % 2 === 0 ? PAGE.width : PAGE.height));
}

/** Gives where a frame lies on an image, as shares of it. */
async function shownBox(image, frame) {
  const [outer, inner] = [await image.boundingBox(), await frame.first().boundingBox()];
  const [left, top] = [(inner.x - outer.x) / outer.width, (inner.y - outer.y) / outer.height];
  return [left, top, left + inner.width / outer.width, top + inner.height / outer.height];
}

function assertBox(shown, place) {
  const off = shown.map((share, side) => (share - place[side]) * (side % 2 === 0 ? PAGE.width : PAGE.height));
  assert.ok(off.every((points) => Math.abs(points) < SLACK), `the frame is off by ${off.map((points) => points.toFixed(1))} points`);
}

/** Takes pictures on a desk and on a phone, by day and by night. */
async function shoot({ shots }, page, name) {
  if (!shots) return;
  for (const width of [390, 1440]) {
    for (const colorScheme of ['dark', 'light']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`) });
    }
  }
}
