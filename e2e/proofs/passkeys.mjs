// A person adds a passkey, logs in with nothing else, proves with it who is there, and removes it. The device is Chromium's own
// virtual one (W3C Web Authentication, Level 3, §11).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { judge, launch, logIn, openWindow } from '../browser.mjs';

const LOGIN = 'kunigunde';
const PASSWORD = 'five slow geese under the moon';

export default async function prove(t, world) {
  const { stack, shots } = world;
  stack.addUser(LOGIN, PASSWORD);
  const browser = await launch();
  const { context, page, faults } = await openWindow(browser, stack);
  page.setDefaultTimeout(20_000);
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', { options });
  const keysOfDevice = async () => (await device.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  const openAccount = () => page.getByRole('link', { name: LOGIN }).click();

  await t.test('somebody who is logged in adds a passkey', async () => {
    await logIn(page, stack, LOGIN, PASSWORD);
    await openAccount();
    await page.getByText('You have no passkeys').waitFor();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name', { exact: true }).fill('My phone');
    if (shots) await page.screenshot({ path: join(shots, 'passkeys-add.png') });
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('not used yet').waitFor();
    assert.deepEqual((await keysOfDevice()).map(({ rpId, isResidentCredential: isResident }) => [rpId, isResident]), [['localhost', true]]);
    await judge(world, page, 'passkeys-account');
  });

  await t.test('one device makes no second one for the same person', async () => {
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Once more');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('This device has a passkey for your account already').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  await t.test('it lets its person in, without login, password and code', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    const button = page.getByRole('button', { name: 'Log in with a passkey' });
    await button.waitFor();
    await judge(world, page, 'passkeys-login');
    await button.click();
    await page.getByRole('link', { name: LOGIN }).waitFor();
    const [[told]] = stack.sql("select string_agg(action || ' ' || outcome, ', ' order by position) from audit_events where action like 'passkey%' or detail = 'passkey'");
    assert.match(told, /passkey_added ok, passkey_added ok.*, login_success ok$/i);
  });

  await t.test('it proves again who is there', async () => {
    stack.sql(`update sessions set verified_at = verified_at - interval '16 minutes' where user_id = (select id from users where login = '${LOGIN}')`);
    await openAccount();
    await page.getByRole('button', { name: 'Set up codes' }).click();
    await page.getByRole('button', { name: 'Use a passkey instead' }).click();
    await page.getByText('Scan this with your authenticator app').waitFor();
    await page.getByRole('button', { name: 'Not now' }).click();
  });

  await t.test('it opens the way to everything of its person, as one zip', async () => {
    await page.getByRole('button', { name: 'Download everything' }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Use a passkey instead' }).click();
    const path = await (await coming).path();
    const names = execFileSync('python3', ['-m', 'zipfile', '-l', path], { encoding: 'utf8' });
    for (const name of ['manifest.json', 'folders.json', 'tags.json']) assert.ok(names.includes(name), names);
  });

  await t.test('a finger that the device does not know lets nobody in', async () => {
    await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Log out' }).click();
    const asked = page.waitForResponse((answer) => answer.url().endsWith('/session/passkey/begin'));
    await page.getByRole('button', { name: 'Log in with a passkey' }).click();
    await asked;
    await page.getByLabel('Login', { exact: true }).waitFor();
    await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  });

  await t.test('what was removed lets nobody in', async () => {
    await logIn(page, stack, LOGIN, PASSWORD);
    await openAccount();
    await page.getByRole('button', { name: 'Remove the passkey “My phone”' }).click();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await page.getByText('You have no passkeys').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in with a passkey' }).click();
    await page.getByText(/it may have been removed: choose another one/i).waitFor();
  });

  await browser.close();
  assert.deepEqual(faults.filter((fault) => !/status of (401|403)/.test(fault)), []);
}
