// Somebody without an account gets a document by a public link: with a password, only what the link gives, and no longer than
// its maker wants. What stands in the link is in no address that reaches the server. axe finds nothing to say about the screens.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { judge, launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { freePages, textPdf } from '../samples.mjs';

const PASSWORD = 'nora-has-a-password-too';
const NAME = 'Report of Nora.pdf';
const SECRET = 'open sesame please';

export default async function prove(t, world) {
  const { stack } = world;
  stack.addUser('nora', PASSWORD);
  const nora = await Client.logIn(stack, 'nora', PASSWORD);
  const report = await nora.add(NAME, textPdf(freePages(2, (page) => `Finding number ${page}`, 10)));
  await nora.ended(report.id);
  const browser = await launch();
  try {
    const [hers, guest] = [await openWindow(browser, stack), await openWindow(browser, stack)];
    for (const { page } of [hers, guest]) page.setDefaultTimeout(20_000);
    await logIn(hers.page, stack, 'nora', PASSWORD);
    const asked = [];
    guest.page.on('request', (request) => asked.push(request.url()));
    let address = '';

    await t.test('its owner makes a link with a password, for two openings', async () => {
      await hers.page.getByRole('button', { name: `Share… ${NAME}` }).click();
      await hers.page.getByRole('button', { name: 'Public links…' }).click();
      const dialog = hers.page.getByRole('dialog', { name: `Public links to “${NAME}”` });
      await dialog.getByLabel('Password (empty: none)').fill(SECRET);
      await dialog.getByLabel('Openings (empty: no limit)').fill('2');
      await judge(world, hers.page, 'links-make');
      await dialog.getByRole('button', { name: 'Make a link' }).click();
      await dialog.getByText('Copy it now').waitFor();
      address = await dialog.locator('code').textContent();
      assert.match(address, /\/l\/#p\.[0-9a-f]{64}$/);
      await dialog.getByText('opened 0 of 2 times').waitFor();
      await judge(world, hers.page, 'links-made');
    });

    await t.test('whoever has it and the password gets the document', async () => {
      await guest.page.goto(address);
      await guest.page.getByText('This link asks for a password').waitFor();
      assert.equal(new URL(guest.page.url()).hash, '', 'it leaves the address bar');
      await judge(world, guest.page, 'link-password');
      await guest.page.getByLabel('Password').fill('open sesame');
      await guest.page.getByRole('button', { name: 'Open' }).click();
      await guest.page.getByRole('alert').getByText('Check the link and its password').waitFor();
      await guest.page.getByLabel('Password').fill(SECRET);
      await guest.page.getByRole('button', { name: 'Open' }).click();
      await guest.page.getByRole('heading', { name: NAME }).waitFor();
      await guest.page.getByRole('button', { name: 'Read the text here' }).click();
      await guest.page.getByText('Finding number 2').waitFor();
      assert.equal(await guest.page.getByRole('link', { name: /Original file/ }).count(), 0, 'the link does not give it');
      await judge(world, guest.page, 'link');
      const [download] = await Promise.all([
        guest.page.waitForEvent('download'),
        guest.page.getByRole('link', { name: /Searchable PDF/ }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'Report of Nora.searchable.pdf');
      assert.equal(readFileSync(await download.path()).subarray(0, 5).toString(), '%PDF-');
      const token = address.split('#p.')[1];
      assert.ok(asked.length > 3 && asked.every((url) => !url.includes(token) && !url.includes(report.id)), 'no address tells');
    });

    await t.test('it ends when its maker says so', async () => {
      const dialog = hers.page.getByRole('dialog');
      await dialog.getByRole('button', { name: /^End it/ }).click();
      await dialog.getByText('Ended').waitFor();
      await judge(world, hers.page, 'links-ended');
      await guest.page.reload();
      await guest.page.getByRole('alert').getByText('Check the link and its password').waitFor();
      await judge(world, guest.page, 'link-ended');
    });
    assert.deepEqual([...hers.faults, ...guest.faults].filter((fault) => !/404/.test(fault)), []);
  } finally {
    await browser.close();
  }
}
