// A person comes by invitation, sets up codes, logs in with one, makes a token, and ends another session, whose socket closes at
// once; an administrator disables them, and they are out everywhere.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';

import { launch, openWindow } from '../browser.mjs';
import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { run } from '../stack.mjs';

const LOGIN = 'hedwig';
const PASSWORD = 'seven quiet herons over the mill';

export default async function prove(t, world) {
  const { stack } = world;
  const user = (...args) => {
    const result = run(['user', '--config', stack.path('conf/backend.toml'), ...args]);
    assert.equal(result.code, 0, result.said);
    return result.said.trim();
  };
  const browser = await launch();
  try {
    const { page, faults } = await openWindow(browser, stack);
    page.setDefaultTimeout(20_000);
    const type = async (label, text) => page.getByLabel(label, { exact: true }).fill(text);
    let secret = '';
    let token = '';

    await t.test('an invitation makes an account, with a password that nobody else knows', async () => {
      await page.goto(user('invite', LOGIN).split(/\s/).at(-1));
      await page.getByText('Welcome').waitFor();
      assert.equal(new URL(page.url()).hash, '', 'the secret does not stay in the address');
      await type('New password', 'hedwighedwig');
      await type('New password again', 'hedwighedwig');
      await page.getByRole('button', { name: 'Begin' }).click();
      await page.getByText(/easy to guess/).waitFor();
      await type('New password', PASSWORD);
      await type('New password again', PASSWORD);
      await page.getByRole('button', { name: 'Begin' }).click();
      await page.getByText('Nothing here yet').waitFor();
    });

    await t.test('codes are set up from a picture that is drawn here', async () => {
      await page.getByRole('link', { name: LOGIN }).click();
      await page.getByRole('button', { name: 'Set up codes' }).click();
      await page.getByRole('img', { name: /secret for your app/ }).waitFor();
      secret = (await page.locator('code').innerText()).replaceAll(' ', '');
      await shoot(world, page, 'enrol');
      // The step before, so that the next code is not the same one.
      await page.getByLabel('Code from the app').fill(code(secret, -1));
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('Your recovery codes').waitFor();
      assert.equal(await page.locator('ol code').count(), 10);
      await page.getByRole('button', { name: 'I have them' }).click();
      await page.getByText('10 recovery codes are left').waitFor();
    });

    await t.test('the next login asks for a code', async () => {
      await page.getByRole('button', { name: 'Log out' }).click();
      await type('Login', LOGIN);
      await type('Password', PASSWORD);
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await page.getByLabel('Code', { exact: true }).fill(code(secret, 0));
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await page.getByRole('button', { name: 'Log out' }).waitFor();
    });

    await t.test('a token is shown once, and is stored as a hash', async () => {
      await page.getByRole('link', { name: LOGIN }).click();
      await page.getByRole('button', { name: 'New token' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Scanner');
      await page.getByRole('button', { name: 'Make it' }).click();
      token = await page.locator('.secret code').innerText();
      assert.match(token, /^untxt_[0-9a-f]{72}$/);
      await page.getByRole('button', { name: 'I have it' }).click();
      await page.getByRole('button', { name: 'Revoke Scanner' }).waitFor();
      assert.ok(!(await page.content()).includes(token));
      assert.equal(stack.sql(`select 1 from api_tokens where api_tokens::text like '%${token.slice(6, 40)}%'`).length, 0);
      await shoot(world, page, 'account');
    });

    await t.test('ending all other sessions closes their windows', async () => {
      const other = await openWindow(browser, stack);
      user('reset-mfa', LOGIN);
      // Taking the codes away has ended every session: both windows log in again.
      for (const window of [page, other.page]) await logIn(window, stack);
      await page.getByRole('link', { name: LOGIN }).click();
      await page.getByRole('button', { name: 'End all others' }).click();
      await other.page.getByLabel('Login', { exact: true }).waitFor({ timeout: 4_000 });
      await page.getByText('You are logged in nowhere else').waitFor();
    });

    await t.test('who is disabled is out everywhere, and let in no more', async () => {
      user('disable', LOGIN);
      await page.getByLabel('Login', { exact: true }).waitFor({ timeout: 4_000 });
      await assert.rejects(Client.logIn(stack, LOGIN, PASSWORD), /wrong_credentials/);
      assert.equal(stack.sql(`select 1 from api_tokens t join users u on u.id = t.user_id where u.login = '${LOGIN}'`).length, 0);
      assert.match(user('list'), /hedwig\s+user\s+disabled/);
      user('enable', LOGIN);
      await until('a login is taken again', 5, () => Client.logIn(stack, LOGIN, PASSWORD).catch(() => null));
    });
    // What was refused on purpose.
    assert.deepEqual(faults.filter((fault) => !/status of (401|422)/.test(fault)), []);
  } finally {
    await browser.close();
  }
}

async function logIn(page, stack) {
  await page.goto(stack.address);
  await page.getByLabel('Login', { exact: true }).fill(LOGIN);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
}

/** RFC 6238, once more: what a phone shows, or showed so many steps ago. */
function code(secret, steps) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac('sha1', key).update(counter).digest();
  const number = tag.readUInt32BE(tag[19] & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function shoot(world, page, name) {
  if (world.shots) await page.screenshot({ path: join(world.shots, `account-${name}.png`), fullPage: true });
}
