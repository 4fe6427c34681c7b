// A person drops three files, watches, reads, and takes away; another person sees nothing of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { drop, launch, logIn, openSocket, openWindow, socketSeen } from '../browser.mjs';
import { Client } from '../client.mjs';
import { until } from '../processes.mjs';
import { FIRST_LINE, PAGE, freePages, render, scannedPdf, textPdf, tiff } from '../samples.mjs';

const PDF_PAGES = 4;

export default async function prove(t, world) {
  const { stack } = world;
  const pages = freePages(PDF_PAGES, () => world.heading);
  const scans = render(textPdf(pages), 200, 'jpeg');
  const photo = render(textPdf(freePages(1, () => 'A photo of one page', 20)), 150, 'jpeg')[0];
  // Uncompressed and larger than one part (8 MiB) of a stored object.
  const fax = tiff(render(textPdf(freePages(3, (page) => `Fax page ${page}`, 20)), 200, 'pgm'), 200);
  assert.ok(fax.length > 9 << 20, `the fax has ${fax.length} bytes`);
  stack.addUser('berta', 'berta-has-a-password');
  const browser = await launch();
  try {
    const ada = await openWindow(browser, stack, { acceptDownloads: true });
    const berta = await openWindow(browser, stack);
    await t.test('login over TLS 1.3', async () => {
      const response = await ada.page.goto(stack.address);
      assert.equal((await response.securityDetails()).protocol, 'TLS 1.3');
      await shoot(world, ada.page, 'login');
      await logIn(ada.page, stack, 'admin', stack.password);
      await logIn(berta.page, stack, 'berta', 'berta-has-a-password');
      await openSocket(berta.page, 'live');
    });

    await t.test('three dropped files are read, page by page, without a reload', async () => {
      await ada.page.evaluate(watchLines);
      await drop(ada.page, [
        { name: world.fileName, type: 'application/pdf', bytes: scannedPdf(scans) },
        { name: 'photo.jpg', type: 'image/jpeg', bytes: photo },
        { name: 'fax.tif', type: 'image/tiff', bytes: fax },
      ]);
      for (const name of [world.fileName, 'photo.jpg', 'fax.tif']) await ada.page.getByRole('link', { name }).waitFor({ timeout: 30_000 });
      await ada.page.getByText(/[1-3] of 4 pages/).first().waitFor({ timeout: 60_000 });
      await shoot(world, ada.page, 'reading');
      await until('three documents are done', 120, () => ada.page.evaluate(() => document.querySelectorAll('.badge.good, .badge.warn').length === 3));
      const lines = await ada.page.evaluate(() => window.linesSeen);
      const counts = new Set(lines.flatMap((line) => /^\d of 4 pages/.exec(line) ?? []));
      t.diagnostic(`seen while it was read: ${[...counts].join(', ')}`);
      assert.ok(counts.size >= 2, `progress was not live: ${lines}`);
      await shoot(world, ada.page, 'documents');
    });

    const { json: list } = await world.admin.get('/documents');
    const found = list.documents.find(({ name }) => name === world.fileName);
    world.document = found;
    world.firstImage = createHash('sha256').update((await world.admin.get(`/documents/${found.id}/pages/1/image`)).body).digest('hex');

    await t.test('states and page counts are right', () => {
      assert.deepEqual(list.documents.map(({ name, task }) => [name, task.state, task.pages.total, task.pages.done]).sort(), [
        [world.fileName, 'done', 4, 4],
        ['fax.tif', 'done', 3, 3],
        ['photo.jpg', 'done', 1, 1],
      ]);
    });

    await t.test('the text stands beside the page image', async () => {
      await ada.page.getByRole('link', { name: world.fileName }).click();
      const figure = ada.page.getByRole('figure');
      await figure.getByText('Zylindrakowski').first().waitFor();
      const image = figure.getByRole('img').first();
      const size = await until('the image is shown', 20, () => image.evaluate((img) => img.naturalWidth));
      assert.ok(size > 1000, `the image is ${size} pixels wide`);
      await shoot(world, ada.page, 'page');
    });

    await t.test('text, words and a searchable PDF can be taken away', () => takeAway(t, world, ada.page, scans, pages));

    await t.test('another person gets and hears nothing of it', async () => {
      const client = await Client.logIn(stack, 'berta', 'berta-has-a-password');
      assert.deepEqual((await client.get('/documents')).json.documents, []);
      const { id, task } = found;
      for (const path of ['', '/pages', '/pages/1', '/pages/1/image', '/original', '/formats/txt', '/pages/1/formats/hocr', '/searchable.pdf']) {
        assert.equal((await client.get(`/documents/${id}${path}`)).status, 404, path);
      }
      assert.equal((await client.get(`/tasks/${task.id}/events?after=0`)).status, 404);
      assert.equal((await client.send('DELETE', `/api/v1/documents/${id}?forever=true`)).status, 404);
      await openSocket(berta.page, 'following', [{ follow: task.id, after: 0 }]);
      const own = await client.add('own.jpg', photo);
      await client.ended(own.id);
      for (const name of ['live', 'following']) {
        const { frames } = await socketSeen(berta.page, name);
        assert.ok(frames.some((frame) => frame.includes(own.task.id)), `${name}: her own events arrive`);
        for (const document of list.documents) {
          assert.ok(!frames.some((frame) => frame.includes(document.id) || frame.includes(document.task.id)), `${name}: ${frames}`);
        }
      }
      await berta.page.goto(`${stack.address}/documents/${id}`);
      await berta.page.getByText('no such document').waitFor();
      berta.faults.splice(0, berta.faults.length, ...berta.faults.filter((fault) => !/404/.test(fault)));
    });

    await t.test('logging out ends access and socket at once', async () => {
      await openSocket(ada.page, 'mine');
      const thief = new Client(stack);
      for (const { name, value } of await ada.context.cookies()) thief.cookies.set(name, value);
      assert.equal((await thief.get('/documents')).status, 200, 'before');
      await ada.page.getByRole('button', { name: 'Log out' }).click();
      const code = await until('the socket is closed', 10, async () => (await socketSeen(ada.page, 'mine')).closed);
      assert.equal(code, 4401);
      const cookies = new Map(thief.cookies);
      assert.equal((await thief.get('/documents')).status, 401, 'access token');
      thief.cookies = cookies;
      assert.equal((await thief.send('POST', '/api/v1/session/refresh')).status, 401, 'refresh token');
    });

    await t.test('no console error, no other host, no violated policy', () => {
      assert.deepEqual([...ada.faults, ...berta.faults], []);
    });
  } finally {
    await browser.close();
  }
}

/** Runs in the page: keeps every line that ever says where a document stands. */
function watchLines() {
  window.linesSeen = [];
  const look = () => {
    for (const line of document.querySelectorAll('.line')) {
      const text = line.textContent.trim();
      if (window.linesSeen.at(-1) !== text) window.linesSeen.push(text);
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}

async function takeAway(t, world, page, scans, pages) {
  const folder = world.stack.folder;
  const save = async (label, name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: label, exact: true }).click()]);
    await download.saveAs(join(folder, name));
    t.diagnostic(`${label}: ${download.suggestedFilename()}`);
    return readFileSync(join(folder, name));
  };
  const text = (await save('Text', 'taken.txt')).toString('utf8');
  assert.equal(text.split('\f').filter((part) => part.trim() !== '').length, PDF_PAGES);
  assert.ok(shareFound(text, pages) > 0.95, `only ${shareFound(text, pages)} of the words are in the text`);

  await page.getByText('More formats').click();
  const words = JSON.parse(await save('Words as JSON', 'taken.json'));
  assert.equal(words.pages.length, PDF_PAGES);
  const word = words.pages[0].words.find(({ text }) => text === 'Zylindrakowski');
  assert.ok(word.conf > 0.5 && word.conf <= 1, `confidence ${word.conf}`);

  await save('Searchable PDF', 'taken.pdf');
  const pdf = join(folder, 'taken.pdf');
  const selectable = execFileSync('pdftotext', [pdf, '-'], { encoding: 'utf8' });
  const share = shareFound(selectable, pages);
  t.diagnostic(`pdftotext finds ${(share * 100).toFixed(1)} % of the words in the searchable PDF`);
  assert.ok(share > 0.95, `pdftotext finds only ${share}`);

  // The text lies on top of the scan: the word stands where it was drawn, give or take a third of its height.
  const boxes = execFileSync('pdftotext', ['-bbox', pdf, '-'], { encoding: 'utf8' });
  const box = /xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">Zylindrakowski</.exec(boxes).slice(1).map(Number);
  const baseline = PAGE.height - FIRST_LINE.y;
  assert.ok(Math.abs(box[0] - FIRST_LINE.x) < 4, `starts at ${box[0]}, drawn at ${FIRST_LINE.x}`);
  assert.ok(box[1] < baseline && box[3] > baseline - FIRST_LINE.size / 2, `from ${box[1]} to ${box[3]}, drawn on ${baseline}`);
  const scale = 72 / words.pages[0].dpi;
  assert.ok(Math.abs(word.polygon[0] * scale - box[0]) < 4 && Math.abs(word.polygon[2] * scale - box[2]) < 6, `JSON says ${word.polygon}, the PDF ${box}`);

  // The scan itself is untouched, byte for byte.
  execFileSync('pdfimages', ['-all', pdf, join(folder, 'scan')]);
  scans.forEach((scan, index) => {
    const kept = readFileSync(join(folder, `scan-${String(index).padStart(3, '0')}.jpg`));
    assert.ok(kept.equals(scan), `the scan of page ${index + 1} was changed`);
  });
}

/** Gives the share of the drawn words that a text has. */
function shareFound(text, pages) {
  const found = new Set(text.split(/\s+/));
  const drawn = pages.flat().flatMap((line) => line.split(' ')).filter((word) => word !== '');
  return drawn.filter((word) => found.has(word)).length / drawn.length;
}

/** Takes pictures at both widths, light and dark, when somebody wants to look at them. */
async function shoot({ shots }, page, name) {
  if (!shots) return;
  for (const width of [1440, 390]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}
