// Readers of PDF that we did not write: poppler, pdf.js, and Chromium's own viewer. Each says which words it finds and
// where, in points of the page as it is shown, from its top left corner.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { sleep, until } from './processes.mjs';

/** @typedef {{ text: string, box: [number, number, number, number] }} Placed */

const SITE = 'https://readers.test';
const PDFJS = new URL('./node_modules/pdfjs-dist/', import.meta.url);
const PIXELS_PER_POINT = 96 / 72;

/** Asks poppler, which gives the letters of these boxes from left to right, whatever they are. @returns {Placed[]} */
export function askPoppler(path) {
  const html = execFileSync('pdftotext', ['-bbox', '-cropbox', path, '-'], { encoding: 'utf8' });
  const isHebrew = (text) => /\p{Script=Hebrew}/u.test(text);
  const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name]);
  const found = html.matchAll(/xMin="([^"]+)" yMin="([^"]+)" xMax="([^"]+)" yMax="([^"]+)">(.*?)<\/word>/g);
  return [...found].map(([, left, top, right, bottom, escaped]) => {
    const text = unescape(escaped);
    return { text: isHebrew(text) ? [...text].reverse().join('') : text, box: [left, top, right, bottom].map(Number) };
  });
}

/** Opens a window on a made-up site that has the PDF and what shows it. */
async function openSite(browser, path, body, viewport) {
  const context = await browser.newContext({ viewport, permissions: ['clipboard-read', 'clipboard-write'] });
  await context.route(`${SITE}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: `<!doctype html>${body}` });
    if (name === 'document.pdf') return route.fulfill({ contentType: 'application/pdf', body: readFileSync(path) });
    const type = name.endsWith('.css') ? 'text/css' : 'text/javascript';
    return route.fulfill({ contentType: type, body: readFileSync(new URL(name, PDFJS)) });
  });
  const page = await context.newPage();
  await page.goto(`${SITE}/`);
  return { context, page };
}

/** Asks pdf.js: the text that lies over the page, as a person selects it; boxes are as high as the line. @returns {Promise<Placed[]>} */
export async function askPdfJs(browser, path) {
  const scale = '--scale-factor:1;--total-scale-factor:1;--user-unit:1;--scale-round-x:1px;--scale-round-y:1px';
  const body = `<link rel=stylesheet href=/web/pdf_viewer.css><body style="margin:0"><div id=page style="position:relative;${scale}"><div class=textLayer></div></div>`;
  const { context, page } = await openSite(browser, path, body, { width: 1000, height: 1200 });
  const words = await page.evaluate(readTextLayer);
  await context.close();
  return words;
}

/** Runs in the page. */
async function readTextLayer() {
  const pdfjs = await import('/build/pdf.mjs');
  pdfjs.GlobalWorkerOptions.workerSrc = '/build/pdf.worker.mjs';
  const pdf = await pdfjs.getDocument({ url: new URL('/document.pdf', location).href }).promise;
  const page = await pdf.getPage(1);
  const viewport = page.getViewport({ scale: 1 });
  const sheet = document.querySelector('#page');
  Object.assign(sheet.style, { width: `${viewport.width}px`, height: `${viewport.height}px` });
  const container = sheet.firstElementChild;
  await new pdfjs.TextLayer({ textContentSource: page.streamTextContent({ includeMarkedContent: true }), container, viewport }).render();
  const words = [];
  const nodes = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    for (const { 0: text, index } of node.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + text.length);
      const { left, top, right, bottom } = range.getBoundingClientRect();
      words.push({ text, box: [left, top, right, bottom] });
    }
  }
  return words;
}

/** Chromium's own viewer, used as a person does: with mouse and keyboard. */
export class ChromiumViewer {
  /** `size` is that of the page as it is shown, in points. */
  static async open(browser, path, size) {
    const viewport = { width: 1000, height: 1300 };
    const viewer = `<body style="margin:0"><embed type="application/pdf" src="/document.pdf#toolbar=0&navpanes=0&zoom=100" style="width:100vw;height:100vh">`;
    const { context, page } = await openSite(browser, path, viewer, viewport);
    // the page stands in the middle, under a shadow of three pixels
    const left = (viewport.width - Math.round(size.width * PIXELS_PER_POINT)) / 2;
    const shown = new ChromiumViewer();
    Object.assign(shown, { context, page, left, top: 3 });
    return shown;
  }

  /** Copies what a double click on a place marks; the viewer may still be loading. */
  async copyWordAt([left, top, right, bottom]) {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    return until('a word is copied', 60, async () => {
      await this.page.mouse.dblclick(this.left + x * PIXELS_PER_POINT, this.top + y * PIXELS_PER_POINT);
      return this.copy();
    });
  }

  /** Copies what is marked; empty when that takes long, or the window has no focus yet. */
  async copy() {
    await this.page.bringToFront();
    const isFocused = await this.page.evaluate(() => navigator.clipboard.writeText('').then(() => true, () => false));
    if (!isFocused) return '';
    await this.page.keyboard.press('Control+C');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const text = await this.page.evaluate(() => navigator.clipboard.readText().catch(() => ''));
      if (text !== '') return text.trim();
      await sleep(100);
    }
    return '';
  }

  close() {
    return this.context.close();
  }
}
