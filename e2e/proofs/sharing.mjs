// A person shares a document with another, who finds, reads and downloads it, and nothing beside it; what is paused or taken
// back is gone from the other's screen at once. A folder is shared with all that comes into it.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const PASSWORD = 'hanna-and-ivo-have-passwords';
const [LETTER, SECRET] = ['Letter of Hanna.pdf', 'Secret of Hanna.pdf'];

export default async function prove(t, world) {
  const { stack } = world;
  for (const login of ['hanna', 'ivo']) stack.addUser(login, PASSWORD);
  const hanna = await Client.logIn(stack, 'hanna', PASSWORD);
  const scan = (heading) => scannedPdf(render(textPdf(freePages(1, () => heading, 20)), 150, 'jpeg'));
  const [letter, secret] = [await hanna.add(LETTER, scan('Zylindrakowski writes')), await hanna.add(SECRET, scan('Zylindrakowski hides'))];
  for (const { id } of [letter, secret]) await hanna.ended(id);
  const browser = await launch();
  try {
    const [hers, his] = [await openWindow(browser, stack), await openWindow(browser, stack)];
    await logIn(hers.page, stack, 'hanna', PASSWORD);
    await logIn(his.page, stack, 'ivo', PASSWORD);
    for (const { page } of [hers, his]) page.setDefaultTimeout(20_000);
    const side = (page, name) => page.getByRole('navigation', { name: 'Folders and tags' }).getByRole('link', { name });
    const found = async () => {
      const field = his.page.getByLabel('Search your documents');
      await field.fill('Zylindrakowski');
      await Promise.all([his.page.waitForResponse((answer) => answer.url().endsWith('/search')), field.press('Enter')]);
      await until('the answer is shown', 5, async () => (await his.page.locator('ul[aria-busy="true"]').count()) === 0);
      return (await his.page.locator('[data-hit]').allTextContents()).map((name) => name.trim());
    };
    const openShares = () => hers.page.getByRole('button', { name: `Share… ${LETTER}` }).click();

    await t.test('before, nothing is seen and nothing found', async () => {
      await side(his.page, 'Shared with me').click();
      await his.page.getByText('Nobody shares anything with you').waitFor();
      await his.page.getByRole('link', { name: 'Search', exact: true }).click();
      assert.deepEqual(await found(), []);
      await side(his.page, 'Shared with me').click();
    });

    await t.test('a document is shared by login, and is there without reloading', async () => {
      await openShares();
      await hers.page.getByLabel('Login').fill('nobody-of-this-name');
      await hers.page.getByRole('button', { name: 'Share', exact: true }).click();
      await hers.page.getByRole('dialog').getByRole('alert').getByText(/login/i).waitFor();
      await hers.page.getByLabel('Login').fill('ivo');
      await shoot(world, hers.page, 'share');
      await hers.page.getByRole('button', { name: 'Share', exact: true }).click();
      await hers.page.getByText(`“${LETTER}” is shared with ivo now.`).waitFor();
      await his.page.getByRole('link', { name: LETTER }).waitFor();
      await his.page.getByText('from hanna').waitFor();
      assert.equal(await his.page.getByRole('link', { name: SECRET }).count(), 0);
      assert.equal(await his.page.getByRole('button', { name: /^(Share…|File…|Move)/ }).count(), 0, 'he may read it, and no more');
      await shoot(world, his.page, 'shared-with-me');
    });

    await t.test('it is found, and the other one is not', async () => {
      await his.page.getByRole('link', { name: 'Search', exact: true }).click();
      assert.deepEqual(await found(), [`${LETTER}, page 1`]);
      await his.page.getByText('from hanna').waitFor();
    });

    await t.test('it is read, and gone from the screen when it is paused', async () => {
      await his.page.getByRole('link', { name: `${LETTER}, page 1` }).click();
      await his.page.getByText('Zylindrakowski').first().waitFor();
      await openShares();
      await hers.page.getByRole('button', { name: 'Pause for a day: ivo' }).click();
      await hers.page.getByRole('button', { name: 'End the pause: ivo' }).waitFor();
      await until('it is gone from his screen', 3, async () => (await his.page.getByRole('heading', { name: LETTER }).count()) === 0);
      const ivo = await Client.logIn(stack, 'ivo', PASSWORD);
      assert.equal((await ivo.get(`/documents/${letter.id}`)).status, 404);
      await hers.page.getByRole('button', { name: 'End the pause: ivo' }).click();
      await hers.page.getByRole('button', { name: 'Pause for a day: ivo' }).waitFor();
      assert.equal((await ivo.get(`/documents/${letter.id}`)).status, 200);
      await hers.page.getByRole('button', { name: 'Stop sharing with ivo' }).click();
      await hers.page.getByRole('button', { name: 'Stop sharing with ivo' }).waitFor({ state: 'detached' });
      assert.equal((await ivo.get(`/documents/${letter.id}`)).status, 404);
      await hers.page.keyboard.press('Escape');
    });

    await t.test('a folder is shared with what comes into it', async () => {
      const folder = (await hanna.send('POST', '/api/v1/folders', { json: { name: 'Ward' } })).json;
      await hers.page.reload();
      await side(hers.page, /^Ward/).click();
      await hers.page.getByRole('button', { name: 'Share… Ward' }).click();
      await hers.page.getByLabel('Login').fill('ivo');
      await hers.page.getByRole('button', { name: 'Share', exact: true }).click();
      await hers.page.getByText('“Ward” is shared with ivo now.').waitFor();
      // What was taken from him was all that he had on his screen.
      await his.page.goto(stack.address);
      await side(his.page, 'Shared with me').click();
      await his.page.getByRole('link', { name: /^Ward/ }).click();
      await his.page.getByText('No documents lie directly in this folder.').waitFor();
      await hanna.send('PATCH', `/api/v1/documents/${letter.id}`, { json: { folder: folder.id } });
      await his.page.getByRole('link', { name: LETTER }).waitFor();
      await shoot(world, his.page, 'shared-folder');
    });

    assert.deepEqual([...hers.faults, ...his.faults].filter((fault) => !/40[49]/.test(fault)), []);
  } finally {
    await browser.close();
  }
}

/** Takes pictures on a desk and on a phone, by day and by night. */
async function shoot({ shots }, page, name) {
  if (!shots) return;
  for (const width of [390, 1280]) {
    for (const colorScheme of ['dark', 'light']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
