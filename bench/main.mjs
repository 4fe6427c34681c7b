// Pages per second, CPU per page and peak memory: `untxt ocr`, the whole platform, and OCRmyPDF, taking turns.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { freePages, render, scannedPdf, textPdf } from '../e2e/samples.mjs';
import { UNTXT } from '../e2e/stack.mjs';
import { measureCommand, measurePlatform } from './measure.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({ options: { pages: number(20), rounds: number(3), dpi: number(300), workers: number(2) } });
const [pages, rounds, dpi, workers] = ['pages', 'rounds', 'dpi', 'workers'].map((name) => Number(values[name]));

const folder = mkdtempSync(join(tmpdir(), 'untxt-bench-'));
const scan = join(folder, 'scan.pdf');
const drawn = freePages(pages);
writeFileSync(scan, scannedPdf(render(textPdf(drawn), dpi, 'jpeg')));
const out = (name) => join(folder, `${name}.pdf`);
const { OCRMYPDF } = process.env;

/** Who takes part: each gives seconds, CPU seconds and peak bytes, and writes `out(name)`. */
const contestants = {
  'untxt ocr': () => measureCommand([UNTXT, 'ocr', scan, '--format', 'pdf', '--output', out('untxt ocr')]),
  'untxt, whole platform': () => measurePlatform(scan, out('untxt, whole platform'), workers),
  'ocrmypdf --jobs 2': () => measureCommand([OCRMYPDF, '--quiet', '--jobs', '2', scan, out('ocrmypdf --jobs 2')]),
  // Without PDF/A and optimisation: nothing but recognition and the text layer, as ours.
  'ocrmypdf --jobs 2, lean': () =>
    measureCommand([OCRMYPDF, '--quiet', '--jobs', '2', '--output-type', 'pdf', '--optimize', '0', scan, out('ocrmypdf --jobs 2, lean')]),
};

try {
  describe();
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(contestants)) {
      const result = await measure();
      results[name].push(result);
      console.log(`round ${round}  ${name}: ${result.seconds.toFixed(1)} s, ${result.cpu.toFixed(1)} CPU s  (load ${loadavg()[0].toFixed(1)})`);
    }
  }
  report(results);
} finally {
  rmSync(folder, { recursive: true });
}

function describe() {
  const version = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0];
  console.log(`${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
  console.log(`${pages} pages of ${dpi} dpi, JPEG, ${(statSync(scan).size / 1e6).toFixed(1)} MB; medians of ${rounds} rounds`);
  console.log(`${version(UNTXT, ['--version'])}; ocrmypdf ${version(OCRMYPDF, ['--version'])}; ${version('tesseract', ['--version'])}, eng`);
}

function report(results) {
  const rows = Object.entries(results).map(([name, list]) => ({
    name,
    speed: median(list.map(({ seconds }) => pages / seconds)),
    cpu: median(list.map(({ cpu }) => cpu / pages)),
    peak: median(list.map(({ peak }) => peak)),
    found: shareFound(name),
  }));
  const peer = rows.find(({ name }) => name.endsWith('lean'));
  const bare = rows.find(({ name }) => name === 'untxt ocr');
  const line = (...cells) => console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(26) : cell.padStart(14))).join(''));
  console.log();
  line('', 'pages/s', 'CPU s/page', 'peak MB', 'words found', 'speed ratio', 'CPU ratio');
  for (const { name, speed, cpu, peak, found } of rows) {
    line(name, speed.toFixed(2), cpu.toFixed(2), (peak / 1e6).toFixed(0), `${(found * 100).toFixed(2)} %`, `${(speed / peer.speed).toFixed(2)} ×`, `${(peer.cpu / cpu).toFixed(2)} ×`);
  }
  const platform = rows.find(({ name }) => name.includes('platform'));
  console.log('\nratios: how many times better than OCRmyPDF without PDF/A and optimisation; on a busy machine only CPU counts');
  console.log(`CPU of the platform against bare recognition: ${((platform.cpu / bare.cpu - 1) * 100).toFixed(1)} % more`);
  console.log('peak: proportional set size of all processes of the contestant, sampled; start-up of the platform is not measured');
}

/** Gives the share of the drawn words that `pdftotext` finds in a result. */
function shareFound(name) {
  execFileSync('pdftotext', [out(name), join(folder, 'found.txt')]);
  const found = new Set(readFileSync(join(folder, 'found.txt'), 'utf8').split(/\s+/));
  const words = drawn.flat().flatMap((line) => line.split(' ')).filter((word) => word !== '');
  return words.filter((word) => found.has(word)).length / words.length;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
