// A document is needed for a case: an administrator holds it, and its owner cannot have it deleted for good until the hold is
// lifted. A team is made, and its manager says who belongs to it. axe finds nothing to say about either screen.
import assert from 'node:assert/strict';

import { judge, launch, logIn, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { freePages, textPdf } from '../samples.mjs';

const PASSWORD = 'ludwig-and-mia-have-passwords';
const [NAME, REFERENCE] = ['Letter of Ludwig.pdf', 'AZ 12/26-b'];

export default async function prove(t, world) {
  const { stack } = world;
  for (const login of ['ludwig', 'mia']) stack.addUser(login, PASSWORD);
  const ludwig = await Client.logIn(stack, 'ludwig', PASSWORD);
  const letter = await ludwig.add(NAME, textPdf(freePages(1)));
  await ludwig.ended(letter.id);
  const browser = await launch();
  try {
    const [admin, owner] = [await openWindow(browser, stack), await openWindow(browser, stack)];
    for (const { page } of [admin, owner]) page.setDefaultTimeout(20_000);
    await logIn(admin.page, stack, 'admin', stack.password);
    await logIn(owner.page, stack, 'ludwig', PASSWORD);
    const side = (page, name) => page.getByRole('navigation', { name: 'Folders and tags' }).getByRole('link', { name });
    const row = admin.page.getByRole('listitem').filter({ hasText: REFERENCE });
    const shredding = () => ludwig.send('DELETE', `/api/v1/documents/${letter.id}?forever=true`);

    await t.test('who has set no hold learns what one is', async () => {
      await side(admin.page, 'Legal holds').click();
      await admin.page.getByRole('heading', { name: 'Nothing is held' }).waitFor();
      await judge(world, admin.page, 'holds-none');
    });

    await t.test('a hold needs something to be held, and a fresh proof', async () => {
      await admin.page.getByRole('button', { name: 'Set a hold…' }).click();
      await admin.page.getByLabel('Case number').fill(REFERENCE);
      await admin.page.getByLabel('What is held').selectOption({ label: 'everything of a person' });
      await admin.page.getByLabel('Login').fill('nobody-of-this-name');
      await admin.page.getByRole('button', { name: 'Set the hold' }).click();
      await admin.page.getByText('Nobody has this login.').waitFor();
      await judge(world, admin.page, 'holds-set');
      await admin.page.getByLabel('What is held').selectOption({ label: 'one document' });
      await admin.page.getByLabel('Number of the document').fill(`${stack.address}/documents/${letter.id}`);
      stack.sql("update sessions set verified_at = verified_at - interval '1 hour' where user_id = (select id from users where login = 'admin')");
      await admin.page.getByRole('button', { name: 'Set the hold' }).click();
      await admin.page.getByText('Is it still you?').waitFor();
      await admin.page.getByRole('dialog', { name: 'Is it still you?' }).getByLabel('Password').fill(stack.password);
      await judge(world, admin.page, 'holds-proof');
      await admin.page.getByRole('button', { name: 'Go on' }).click();
      await admin.page.getByText(`The hold “${REFERENCE}” is set.`).waitFor();
      await row.getByText(letter.id).waitFor();
      assert.ok(!(await admin.page.content()).includes('Letter of'), 'no name of a document');
      await judge(world, admin.page, 'holds');
    });

    await t.test('its owner is told why it stays', async () => {
      assert.deepEqual([(await shredding()).status, (await shredding()).json.code], [409, 'held']);
      await owner.page.getByRole('button', { name: `Move ${NAME} to the trash` }).click();
      await side(owner.page, 'Trash').click();
      await owner.page.getByRole('button', { name: `Delete forever… ${NAME}` }).click();
      await owner.page.getByRole('button', { name: 'Delete forever', exact: true }).click();
      await owner.page.getByRole('dialog').getByText('A legal hold keeps this document').waitFor();
      await judge(world, owner.page, 'holds-trash');
      await owner.page.getByRole('button', { name: 'Keep it' }).click();
    });

    await t.test('it is lifted after a question, and then goes', async () => {
      await row.getByRole('button', { name: `Lift the hold ${REFERENCE}` }).click();
      await judge(world, admin.page, 'holds-lift');
      await admin.page.getByRole('button', { name: 'Keep it' }).click();
      assert.equal((await shredding()).status, 409);
      await row.getByRole('button', { name: `Lift the hold ${REFERENCE}` }).click();
      await admin.page.getByRole('button', { name: 'Lift the hold', exact: true }).click();
      await admin.page.getByText(`The hold “${REFERENCE}” is lifted.`).waitFor();
      assert.equal((await shredding()).status, 204);
    });

    await t.test('nobody else has a link or a page', async () => {
      assert.equal(await side(owner.page, 'Legal holds').count(), 0);
      await owner.page.goto(`${stack.address}/legal-holds`);
      await owner.page.getByText('There is nothing at this address').waitFor();
    });

    await t.test('a team is made, and its manager says who belongs to it', async () => {
      await owner.page.goto(stack.address);
      await side(owner.page, 'Teams').click();
      await owner.page.getByText('You belong to no team yet.').waitFor();
      await judge(world, owner.page, 'teams-none');
      await owner.page.getByRole('button', { name: 'New team…' }).click();
      await owner.page.getByLabel('Name').fill('Ward 3');
      await owner.page.getByRole('button', { name: 'Make team' }).click();
      await owner.page.getByRole('heading', { name: 'Ward 3' }).waitFor();
      await owner.page.getByLabel('Login').fill('nobody-of-this-name');
      await owner.page.getByRole('button', { name: 'Add', exact: true }).click();
      await owner.page.getByRole('alert').getByText(/whole login/).waitFor();
      await owner.page.getByLabel('Login').fill('mia');
      await owner.page.getByRole('button', { name: 'Add', exact: true }).click();
      await owner.page.getByText('mia belongs to the team now.').waitFor();
      await owner.page.getByLabel('Role of mia').selectOption('manager');
      await owner.page.getByText('mia is a manager now.').waitFor();
      await owner.page.getByLabel('Role of mia').selectOption('member');
      await owner.page.getByText('mia is a member now.').waitFor();
      await owner.page.getByLabel('Role of ludwig').selectOption('member');
      await owner.page.getByText(/make somebody else a manager first/i).waitFor();
      assert.equal(await owner.page.getByLabel('Role of ludwig').inputValue(), 'manager');
    });

    await t.test('what is uploaded into it is found there, by its members', async () => {
      const protocol = { name: 'Protocol of the ward.pdf', mimeType: 'application/pdf', buffer: textPdf(freePages(2)) };
      await owner.page.locator('#content input[type="file"]').setInputFiles(protocol);
      await owner.page.getByRole('link', { name: protocol.name }).waitFor();
      const mia = await openWindow(browser, stack);
      mia.page.setDefaultTimeout(20_000);
      await logIn(mia.page, stack, 'mia', PASSWORD);
      await side(mia.page, 'Teams').click();
      await mia.page.getByRole('link', { name: 'Ward 3' }).click();
      await mia.page.getByRole('link', { name: 'Protocol of the ward.pdf' }).waitFor();
      assert.equal(await mia.page.getByLabel('Role of ludwig').count(), 0, 'she says nothing about the others');
      await judge(world, mia.page, 'team-member');
      await owner.page.getByRole('listitem').filter({ hasText: 'Protocol of the ward.pdf' }).getByText('Done').waitFor();
      await judge(world, owner.page, 'team');
      await mia.page.getByRole('link', { name: 'Protocol of the ward.pdf' }).click();
      await mia.page.getByRole('heading', { name: 'Protocol of the ward.pdf' }).waitFor();
      await mia.page.goto(stack.address);
      await side(mia.page, 'Shared with me').click();
      await mia.page.getByText('Nobody shares anything with you').waitFor();
      await side(mia.page, 'Teams').click();
      await mia.page.getByRole('link', { name: 'Ward 3' }).click();
      await mia.page.getByRole('button', { name: 'Leave the team' }).click();
      await judge(world, mia.page, 'team-leave');
      await mia.page.getByRole('dialog').getByRole('button', { name: 'Leave the team' }).click();
      await mia.page.getByText('You left “Ward 3”.').waitFor();
      assert.deepEqual(mia.faults.filter((fault) => !/404/.test(fault)), []);
    });

    const expected = /40[349]/;
    assert.deepEqual([...admin.faults, ...owner.faults].filter((fault) => !expected.test(fault)), []);
  } finally {
    await browser.close();
  }
}
