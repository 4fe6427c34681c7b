// The words of a searchable PDF lie where they are printed and come out as they are read, in readers that we did not
// write, however the page lies.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { launch } from '../browser.mjs';
import { ChromiumViewer, askPdfJs, askPoppler } from '../readers.mjs';
import { PAGE, assemblePdf, freePages, scannedPage } from '../samples.mjs';
import { UNTXT } from '../stack.mjs';

const DPI = 200;
/** Articles 1 and 3 of the Universal Declaration of Human Rights, which is free. */
const HEBREW = [
  'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה.',
  'כל אדם יש לו הזכות לחיים, לחירות ולביטחון אישי.',
];

/** What is printed: HTML of one page. */
const PRINTED = {
  level: () => paragraphs(30),
  skewed: () => `<div style="transform:rotate(2.5deg)">${paragraphs(26)}</div>`,
  'two columns': () => `<div style="columns:2;column-gap:24px">${paragraphs(34)}</div>`,
  Hebrew: () => `<div dir=rtl lang=he style="font:16px/1.7 'DejaVu Sans'">${HEBREW.map((text) => `<p>${text}</p>`).join('')}</div>`,
};

/** How it lies in the PDF; `area` is what is shown of the printed page, in points from its top left. */
const LAID = {
  turned: { box: [0, 0, PAGE.height, PAGE.width], entries: '/Rotate 90', content: `q 0 ${PAGE.width} -${PAGE.height} 0 ${PAGE.height} 0 cm /I Do Q` },
  cropped: { entries: `/CropBox [36 300 559 806]` },
};

export default async function prove(t, world) {
  const folder = join(world.stack.folder, 'readers');
  mkdirSync(folder, { recursive: true });
  const browser = await launch();
  try {
    const scans = {};
    for (const [name, print] of Object.entries(PRINTED)) scans[name] = scannedPage(await scan(browser, print()));
    for (const [name, laid] of Object.entries(LAID)) scans[name] = { ...scans.level, ...laid };
    for (const [name, page] of Object.entries(scans)) {
      await t.test(name, async (t) => {
        const path = join(folder, `${name}.pdf`);
        writeFileSync(path, assemblePdf([page]));
        await proveOne(t, browser, path, name === 'Hebrew' ? 'heb' : 'eng');
      });
    }
  } finally {
    await browser.close();
  }
}

/** Prints HTML and scans the sheet. */
async function scan(browser, html) {
  const context = await browser.newContext({ viewport: PAGE, deviceScaleFactor: DPI / 72 });
  const page = await context.newPage();
  await page.setContent(`<body style="margin:56px;font:11px/1.5 'Liberation Serif'">${html}`);
  const jpeg = await page.screenshot({ type: 'jpeg', quality: 85 });
  await context.close();
  return jpeg;
}

function paragraphs(lines) {
  const [[, ...text]] = freePages(1, () => '', lines);
  const escape = (line) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [text.slice(0, 10), text.slice(10)].map((part) => `<p>${part.map(escape).join(' ')}</p>`).join('');
}

async function proveOne(t, browser, path, language) {
  const made = path.replace(/\.pdf$/, '.searchable.pdf');
  const json = path.replace(/\.pdf$/, '.json');
  execFileSync(UNTXT, ['ocr', '--lang', language, '--format', 'pdf', '-o', made, path], { stdio: 'pipe' });
  execFileSync(UNTXT, ['ocr', '--lang', language, '--format', 'json', '-o', json, path], { stdio: 'pipe' });
  execFileSync('qpdf', ['--check', made], { stdio: 'pipe' });
  const growth = statSync(made).size / statSync(path).size - 1;
  const page = JSON.parse(readFileSync(json, 'utf8')).pages[0];
  const words = page.words.map(({ text, polygon }) => ({ text, box: boxOf(polygon, 72 / page.dpi) }));
  assert.ok(words.length > 20, `${words.length} words were read`);
  assert.ok(growth < 0.1, `the PDF grew by ${(100 * growth).toFixed(1)} %`);
  const far = {
    poppler: compare(words, askPoppler(made), distance),
    'pdf.js': compare(words, await askPdfJs(browser, made), distanceInLine),
  };
  const size = { width: (page.width * 72) / page.dpi, height: (page.height * 72) / page.dpi };
  const copied = await copyWords(browser, made, size, words);
  t.diagnostic(`${words.length} words; farthest in points: ${JSON.stringify(far)}; Chromium copied ${copied}; grew by ${(100 * growth).toFixed(1)} %`);
}

/** Gives the box of a word; one that is slanted is taken as high as it is in its middle. */
function boxOf(polygon, scale) {
  const [leftTop, rightTop, rightBottom, leftBottom] = [0, 2, 4, 6].map((at) => [polygon[at] * scale, polygon[at + 1] * scale]);
  const between = (a, b) => (a[1] + b[1]) / 2;
  return [Math.min(leftTop[0], leftBottom[0]), between(leftTop, rightTop), Math.max(rightTop[0], rightBottom[0]), between(leftBottom, rightBottom)];
}

/** Gives each word that stands there only once, by its text. */
function unique(words) {
  const times = new Map();
  for (const { text } of words) times.set(text, (times.get(text) ?? 0) + 1);
  return new Map(words.filter(({ text }) => times.get(text) === 1).map(({ text, box }) => [text, box]));
}

/** How far the middles of two boxes are from each other. */
function distance(want, got) {
  return Math.max(...[0, 1].map((axis) => Math.abs(want[axis] + want[axis + 2] - got[axis] - got[axis + 2]) / 2));
}

/** The same across; up and down how much of the wanted box stands out. */
function distanceInLine(want, got) {
  return Math.max(Math.abs(want[0] + want[2] - got[0] - got[2]) / 2, got[1] - want[1], want[3] - got[3]);
}

/** Compares where words are; gives the farthest, in points. */
function compare(words, found, measure) {
  const [want, got] = [unique(words), unique(found)];
  const both = [...want.keys()].filter((text) => got.has(text));
  assert.ok(both.length > 0.9 * want.size, `only ${both.length} of ${want.size} words are found`);
  const far = both.map((text) => ({ text, far: measure(want.get(text), got.get(text)) }));
  const worst = far.sort((a, b) => b.far - a.far)[0];
  assert.ok(worst.far <= 2, `“${worst.text}” is ${worst.far.toFixed(1)} points away`);
  return Number(worst.far.toFixed(2));
}

/** Marks words with the mouse. */
async function copyWords(browser, path, size, words) {
  const viewer = await ChromiumViewer.open(browser, path, size);
  try {
    const plain = [...unique(words)].filter(([text]) => /^\p{L}{4,}$/u.test(text));
    const some = plain.filter((_, index) => index % Math.ceil(plain.length / 8) === 0);
    for (const [text, box] of some) assert.equal(await viewer.copyWordAt(box), text);
    return `${some.length} words`;
  } finally {
    await viewer.close();
  }
}
