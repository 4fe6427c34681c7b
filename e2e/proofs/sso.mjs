// A person ties a login of another service to their account, logs in with it from another site, and unties it; a provider that is
// gone lets nobody in. A stack of its own, because providers stand in its settings.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { launch, logIn, openWindow } from '../browser.mjs';
import { CLIENT, Provider, SECRET } from '../provider.mjs';
import { Stack, freePort, makeFolder } from '../stack.mjs';

const LOGIN = 'hildegard';
const PASSWORD = 'nine loud cranes under the bridge';

export default async function prove(t, world) {
  const folder = makeFolder('sso');
  const provider = await new Provider(folder).listen();
  const stack = new Stack({ folder, port: await freePort(), workers: 1, oidc: writeSettings(folder, provider) });
  const browser = await launch();
  try {
    await stack.start();
    stack.addUser(LOGIN, PASSWORD);
    const { page, faults } = await openWindow(browser, stack);
    page.setDefaultTimeout(20_000);

    await t.test('somebody who is logged in ties a login of a provider', async () => {
      await logIn(page, stack, LOGIN, PASSWORD);
      await page.getByRole('link', { name: LOGIN }).click();
      await page.getByText('Nothing is tied to your account').waitFor();
      await page.getByRole('button', { name: 'Tie a login of The clinic' }).click();
      await page.getByRole('button', { name: 'Untie the login of The clinic' }).waitFor();
      assert.equal(page.url(), `${stack.address}/account`, 'nothing of it stays in the address');
      if (world.shots) await page.screenshot({ path: join(world.shots, 'sso-account.png'), fullPage: true });
    });

    await t.test('from then on it lets them in, and the code is in no log', async () => {
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('button', { name: 'Log in with The clinic' }).waitFor();
      if (world.shots) await page.screenshot({ path: join(world.shots, 'sso-login.png') });
      let code = '';
      page.on('request', (request) => (code = request.postDataJSON?.()?.code ?? code));
      await page.getByRole('button', { name: 'Log in with The clinic' }).click();
      await page.getByRole('link', { name: LOGIN }).waitFor();
      assert.equal(page.url(), `${stack.address}/`);
      assert.match(code, /^[0-9a-f-]{36}$/);
      const logs = readdirSync(stack.path('logs')).map((name) => stack.read(`logs/${name}`).toString()).join('\n');
      assert.ok(logs.includes('request answered') && !logs.includes(code), 'the code is in a log');
      const [[told]] = stack.sql("select string_agg(action || ' ' || outcome, ', ' order by position) from audit_events where action like 'sso%' or detail = 'sso'");
      assert.equal(told, 'sso_begun ok, sso_linked ok, sso_begun ok, login_success ok');
    });

    await t.test('somebody else at the same provider is nobody here', async () => {
      const other = await openWindow(browser, stack);
      provider.person = { sub: 'somebody else' };
      await other.page.goto(stack.address);
      await other.page.getByRole('button', { name: 'Log in with The clinic' }).click();
      await other.page.getByText(/Tie it to your account here first/i).waitFor();
      await other.page.getByRole('link', { name: 'Go on' }).click();
      await other.page.getByLabel('Login', { exact: true }).waitFor();
    });

    await t.test('what was untied, and a provider that is gone, let nobody in', async () => {
      await page.getByRole('link', { name: LOGIN }).click();
      await page.getByRole('button', { name: 'Untie the login of The clinic' }).click();
      await page.getByRole('button', { name: 'Untie it' }).click();
      await page.getByText('Nothing is tied to your account').waitFor();
      provider.close();
      await page.getByRole('button', { name: 'Log out' }).click();
      // Its description is known for an hour, so the browser finds out by itself.
      const gone = page.waitForEvent('requestfailed', (request) => request.url().startsWith(provider.issuer));
      await page.getByRole('button', { name: 'Log in with The clinic' }).click();
      await gone;
      const other = await openWindow(browser, stack);
      await logIn(other.page, stack, LOGIN, PASSWORD);
    });
    const isMeant = (fault) => fault.includes(provider.issuer) || /status of (401|403|503)/.test(fault);
    assert.deepEqual(faults.filter((fault) => !isMeant(fault)), []);
  } finally {
    await browser.close();
    provider.close();
    await stack.stop();
  }
}

function writeSettings(folder, provider) {
  const secret = join(folder, 'client-secret');
  writeFileSync(secret, SECRET, { mode: 0o600 });
  // Started as root, the backend runs as this account.
  if (process.getuid() === 0) execFileSync('chown', ['untxt', secret]);
  chmodSync(provider.root, 0o644);
  const file = join(folder, 'oidc.toml');
  const lines = [
    '[[oidc.providers]]',
    'id = "clinic"',
    'label = "The clinic"',
    `issuer = "${provider.issuer}"`,
    `client_id = "${CLIENT}"`,
    `client_secret_path = "${secret}"`,
    `ca_path = "${provider.root}"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
