// A person files documents in folders and by tags, throws them away, takes them back, and deletes them forever, with a
// receipt that can be checked elsewhere; a rule keeps what must be kept.
import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { drop, launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

const PASSWORD = 'frida-and-gustav-have-passwords';
const [LETTER, BILL] = ['Letter of Frida.pdf', 'Bill of Frida.pdf'];

export default async function prove(t, world) {
  const { stack } = world;
  for (const login of ['frida', 'gustav']) stack.addUser(login, PASSWORD);
  const [frida, gustav] = [await Client.logIn(stack, 'frida', PASSWORD), await Client.logIn(stack, 'gustav', PASSWORD)];
  const scan = (heading) => scannedPdf(render(textPdf(freePages(1, () => heading, 20)), 150, 'jpeg'));
  const browser = await launch();
  try {
    const { page, faults } = await openWindow(browser, stack, { acceptDownloads: true });
    await logIn(page, stack, 'frida', PASSWORD);
    page.setDefaultTimeout(20_000);
    const desk = new Desk(page);
    const { said, side } = desk;
    let ids = {};

    await t.test('a folder is made, and what is dropped goes into it', async () => {
      await page.getByRole('button', { name: 'New folder', exact: true }).click();
      await page.getByLabel('Name', { exact: true }).fill('Patients');
      await page.getByRole('radio', { name: 'Blue' }).check();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Patients' }).waitFor();
      assert.match(page.url(), /\/folders\/[\w-]+$/);
      await drop(page, [{ name: LETTER, type: 'application/pdf', bytes: scan('Zylindrakowski writes') }]);
      await page.getByRole('link', { name: LETTER }).waitFor();
      await side(/^Patients/).getByText('1', { exact: true }).waitFor();
      await page.getByText('Done', { exact: true }).waitFor({ timeout: 60_000 });
    });

    await t.test('the address says which folder it is: reload and Back lead there', async () => {
      await page.getByRole('button', { name: 'New folder in it…' }).click();
      await page.getByLabel('Name', { exact: true }).fill('PATIENTS');
      await page.getByRole('button', { name: 'Make folder' }).click();
      await page.getByRole('heading', { name: 'PATIENTS', exact: true }).waitFor();
      await page.getByText('No documents in this folder yet').waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'PATIENTS', exact: true }).waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: 'Patients', exact: true }).waitFor();
      await page.getByRole('link', { name: LETTER }).waitFor();
      await side('Not in a folder').click();
      await page.getByText('Every document is in a folder.').waitFor();
    });

    await t.test('a name that is taken is refused, and the dialog stays', async () => {
      await page.getByRole('button', { name: 'New folder', exact: true }).click();
      await page.getByLabel('Name', { exact: true }).fill('patients');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByRole('alert').getByText(/name/i).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
      assert.equal(focused, 'New folder', 'the focus is back where it was');
    });

    await t.test('tags are made where they are given, and list what has them', async () => {
      await side('All documents').click();
      await drop(page, [{ name: BILL, type: 'application/pdf', bytes: scan('Zylindrakowski pays') }]);
      await page.getByRole('button', { name: `File… ${BILL}` }).click();
      await page.getByLabel('New tag for this document').fill('urgent');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByRole('checkbox', { name: 'urgent' }).waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await said(`“${BILL}” was filed.`);
      await side(/^urgent/).click();
      await page.waitForURL(/\/tags\/[\w-]+$/);
      await desk.lists(BILL);
    });

    await t.test('dragged onto a folder it lies there, and Undo takes it back', async () => {
      await page.getByRole('link', { name: BILL }).dragTo(side(/^Patients/));
      await said(`“${BILL}” was moved to “Patients”.`);
      await page.getByRole('link', { name: 'Folder Patients' }).waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByRole('link', { name: 'Folder Patients' }).waitFor({ state: 'detached' });
      await side('Not in a folder').click();
      await desk.lists(BILL);
      ids = await idsOf(frida);
      for (const id of Object.values(ids)) await frida.ended(id);
    });

    await t.test('a search looks only in the folder and at the tags that were chosen', async () => {
      await page.getByRole('link', { name: 'Search', exact: true }).click();
      assert.deepEqual(await desk.find('Zylindrakowski'), [`${BILL}, page 1`, `${LETTER}, page 1`]);
      await page.getByLabel('Folder', { exact: true }).selectOption({ label: 'Patients' });
      await desk.finds(`${LETTER}, page 1`);
      await page.getByText('Any tag').click();
      await page.getByRole('checkbox', { name: 'urgent' }).check();
      await page.getByText('Only the folder and the tags you chose were searched.').waitFor();
      await page.getByLabel('Folder', { exact: true }).selectOption({ label: 'Everywhere' });
      await desk.finds(`${BILL}, page 1`);
      await page.getByRole('checkbox', { name: 'urgent' }).uncheck();
      await desk.finds(`${BILL}, page 1`, `${LETTER}, page 1`);
    });

    await t.test('in the trash it is neither found nor read, and it comes back as it was', async () => {
      await side(/^Patients/).click();
      await page.getByRole('button', { name: `Move ${LETTER} to the trash` }).press('Enter');
      await said(`“${LETTER}” was moved to the trash.`);
      assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Undo', 'the keyboard is at the way back');
      await page.getByText('No documents in this folder yet').waitFor();
      await page.goto(`${stack.address}/documents/${ids[LETTER]}`);
      await page.getByRole('heading', { name: 'This document is in the trash' }).waitFor();
      await page.getByRole('link', { name: 'Search', exact: true }).click();
      assert.deepEqual(await desk.find('Zylindrakowski'), [`${BILL}, page 1`]);
      await side('Trash').click();
      await page.waitForURL(`${stack.address}/trash`);
      await page.getByText(/^Deleted for good on /).waitFor();
      await shoot(world, page, 'trash');
      await page.getByRole('button', { name: `Restore ${LETTER}` }).click();
      await page.getByText('The trash is empty').waitFor();
      await side(/^Patients/).click();
      await page.getByRole('link', { name: LETTER }).click();
      await page.getByRole('figure').getByText('Zylindrakowski').waitFor();
      await page.getByRole('link', { name: 'Patients', exact: true }).click();
    });

    await t.test('a rule keeps what is in its folder', async () => {
      await page.getByRole('button', { name: 'Keep and delete…' }).click();
      await page.getByLabel('Keep at least', { exact: true }).fill('10');
      await page.getByLabel('Keep at least: unit').selectOption('years');
      await page.getByLabel('Delete after', { exact: true }).fill('9');
      await page.getByLabel('Delete after: unit').selectOption('years');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('“Delete after” can’t be sooner').waitFor();
      await shoot(world, page, 'rule');
      await page.getByLabel('Delete after', { exact: true }).fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Documents here are kept at least 10 years.').waitFor();
      await page.getByRole('button', { name: `Move ${LETTER} to the trash` }).click();
      await side('Trash').click();
      await page.getByText(/A rule of its folder keeps it until/).waitFor();
      assert.equal(await page.getByRole('button', { name: /forever/i }).count(), 0);
      const refused = await frida.send('DELETE', `/api/v1/documents/${ids[LETTER]}?forever=true`);
      assert.deepEqual([refused.status, refused.json?.code], [409, 'retained']);
      await page.getByRole('button', { name: `Restore ${LETTER}` }).click();
      await page.getByText('The trash is empty').waitFor();
    });

    await t.test('deleted forever it is gone, with a receipt that others can check', async () => {
      await side('All documents').click();
      await page.getByRole('button', { name: `Move ${BILL} to the trash` }).click();
      await said(`“${BILL}” was moved to the trash.`);
      await side('Trash').click();
      await page.getByRole('button', { name: `Delete forever… ${BILL}` }).click();
      const question = page.getByRole('dialog', { name: 'Delete this document forever?' });
      await question.getByText(/can’t be undone/).waitFor();
      await question.getByText(BILL).waitFor();
      await page.keyboard.press('Enter');
      await question.waitFor({ state: 'detached' });
      assert.equal(await page.getByRole('button', { name: `Restore ${BILL}` }).count(), 1, 'Enter alone keeps it');
      await page.getByRole('button', { name: `Delete forever… ${BILL}` }).click();
      await question.getByRole('button', { name: 'Delete forever' }).click();
      await page.getByText(`“${BILL}” was deleted forever. The receipt is signed.`).waitFor({ timeout: 60_000 });
      assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0, 'nothing can be undone');
      await shoot(world, page, 'receipt');
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^Download the receipt/ }).click()]);
      const file = join(stack.folder, 'receipt.json');
      await download.saveAs(file);
      const receipt = JSON.parse(readFileSync(file, 'utf8'));
      assert.deepEqual([receipt.document, receipt.state], [ids[BILL], 'signed']);
      assert.ok(!/Bill|Frida|Zylind/.test(Buffer.from(receipt.receipt, 'base64').toString()), 'it names nothing');
      const { keys } = (await frida.get('/receipts/key')).json;
      const { pem } = keys.find(({ id }) => id === receipt.signing_key);
      const [bytes, signature] = [receipt.receipt, receipt.signature].map((text) => Buffer.from(text, 'base64'));
      assert.ok(verify(null, bytes, pem, signature), 'the signature is right');
      bytes[20] ^= 1;
      assert.ok(!verify(null, bytes, pem, signature), 'of nothing else');
      await page.getByRole('link', { name: 'All receipts' }).click();
      await page.getByText(ids[BILL]).waitFor();
      await page.getByText(/^Signed: \d+ files? removed$/).waitFor();
      await shoot(world, page, 'receipts');
      assert.equal((await frida.get(`/documents/${ids[BILL]}`)).status, 404);
      assert.deepEqual((await gustav.get('/receipts')).json.receipts, [], 'another person has none of it');
    });

    await t.test('a folder goes, and its documents stay', async () => {
      await side(/^Patients/).click();
      await page.getByRole('button', { name: 'Delete folder…' }).click();
      await page.getByRole('dialog').getByText('what is in it (1 document and 1 folder) moves to the top').waitFor();
      await page.getByRole('button', { name: 'Delete the folder' }).click();
      await page.getByRole('dialog').getByRole('alert').getByText(/^The rule of its folder keeps it until /).waitFor();
      await page.getByRole('button', { name: 'Keep it' }).click();
      await page.getByRole('button', { name: 'Keep and delete…' }).click();
      await page.getByLabel('Keep at least', { exact: true }).fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Delete folder…' }).click();
      await page.getByRole('button', { name: 'Delete the folder' }).click();
      await said('The folder “Patients” was deleted. Its documents are still here.');
      await side('Not in a folder').click();
      await desk.lists(LETTER);
      assert.deepEqual((await gustav.get('/folders')).json.folders, []);
      assert.deepEqual((await gustav.get('/tags')).json.tags, []);
    });

    await t.test('emptying the trash says what goes', async () => {
      await page.getByRole('button', { name: `Move ${LETTER} to the trash` }).click();
      await side('Trash').click();
      await page.getByRole('button', { name: 'Empty the trash…' }).click();
      await page.getByRole('dialog').getByText(/can’t be undone/).waitFor();
      await page.getByRole('button', { name: 'Delete forever', exact: true }).click();
      await page.getByText('1 document deleted forever.').waitFor();
      await page.getByText('The trash is empty').waitFor();
      await until('it is shredded', 60, async () => (await frida.get('/receipts')).json.receipts.length === 2);
    });

    await t.test('no console error, no other host, no violated policy', () => {
      // A taken name is answered by 409, what is not signed yet or not there by 404; Chromium calls both errors.
      assert.deepEqual(faults.filter((fault) => !/409.*\/folders|404.*\/receipts/.test(fault)), []);
    });
  } finally {
    await browser.close();
  }
}

/** What a person sees and does there again and again. */
class Desk {
  constructor(page) {
    this.page = page;
    this.said = async (text) => page.getByRole('status').getByText(text, { exact: true }).waitFor();
    this.side = (name) => page.getByRole('navigation', { name: 'Folders and tags' }).getByRole('link', { name, exact: true });
  }

  /** Waits until exactly these documents are listed. */
  lists(...names) {
    const links = this.page.getByRole('list', { name: 'Your documents' }).locator('.name');
    return until(`${names} are listed`, 10, async () => String(await links.allTextContents()) === String(names));
  }

  /** Looks for words; gives what was found, by name. */
  async find(query) {
    const field = this.page.getByLabel('Search your documents');
    await field.fill(query);
    await Promise.all([this.page.waitForResponse((answer) => answer.url().endsWith('/search')), field.press('Enter')]);
    await until('the answer is shown', 5, async () => (await this.page.locator('ul[aria-busy="true"]').count()) === 0);
    return this.found();
  }

  async found() {
    const names = await this.page.locator('[data-hit]').allTextContents();
    return names.map((name) => name.trim()).sort();
  }

  /** Waits until exactly these pages are found. */
  finds(...names) {
    return until(`${names} are found`, 10, async () => String(await this.found()) === String(names));
  }
}

async function idsOf(client) {
  const { documents } = (await client.get('/documents')).json;
  return Object.fromEntries(documents.map(({ id, name }) => [name, id]));
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
