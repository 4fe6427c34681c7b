// The system's Chromium, watched: what it says in its console, whom it asks, what its security policy refuses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const fromFrontend = createRequire(new URL('../frontend/package.json', import.meta.url));
const { chromium } = fromFrontend('playwright-core');
const AXE = readFileSync(fromFrontend.resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

/** Opens a window of a person of their own. `faults` collects whatever must not happen. */
export async function openWindow(browser, stack, options = {}) {
  // The root is private and this browser has a fresh profile; the other proofs verify the chain.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, ...options });
  const faults = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy violated: ${violatedDirective} ${blockedURI}`),
    );
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    // The first question of every visit, "who am I?", is answered by 401, which Chromium calls an error.
    const isWhoAmI = /401/.test(message.text()) && /\/session/.test(message.location().url);
    if (message.type() === 'error' && !isWhoAmI) faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(`page: ${error}`));
  const allowed = [`https://localhost:${stack.port}`, `wss://localhost:${stack.port}`];
  const judge = (url) => {
    if (!/^(data|blob):/.test(url) && !allowed.some((start) => url.startsWith(`${start}/`))) faults.push(`asked another host: ${url}`);
  };
  page.on('request', (request) => judge(request.url()));
  page.on('websocket', (socket) => judge(socket.url()));
  return { context, page, faults };
}

export async function logIn(page, stack, login, password) {
  await page.goto(stack.address);
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('heading', { name: 'Documents' }).or(page.getByText('Drop scans here')).first().waitFor();
}

/** Drops files as a person does with the mouse. */
export async function drop(page, files) {
  const list = files.map(({ name, type, bytes }) => ({ name, type, base64: bytes.toString('base64') }));
  const transfer = await page.evaluateHandle((list) => {
    const transfer = new DataTransfer();
    for (const { name, type, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type }));
    }
    return transfer;
  }, list);
  for (const event of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', event, { dataTransfer: transfer });
}

/** Opens a socket inside the page; frames and the close code gather in `window[name]`. */
export const openSocket = (page, name, hello) =>
  page.evaluate(
    ([name, hello]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`wss://${location.host}/api/v1/live`);
        const seen = { frames: [], closed: null, socket };
        window[name] = seen;
        socket.onmessage = ({ data }) => seen.frames.push(data);
        socket.onclose = ({ code }) => {
          seen.closed = code;
          resolve();
        };
        socket.onopen = () => {
          for (const message of hello) socket.send(JSON.stringify(message));
          resolve();
        };
      }),
    [name, hello ?? []],
  );

export const socketSeen = (page, name) => page.evaluate((name) => ({ frames: window[name].frames, closed: window[name].closed }), name);

/** Lets axe judge a screen, on a desk and on a phone, by day and by night; takes its pictures on the way. */
export async function judge({ shots }, page, name) {
  for (const width of [1280, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.waitForTimeout(150);
      if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`) });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' | ')}`), [], `${name} at ${width}, ${colorScheme}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${name} at ${width}: ${overflow} px too wide`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
