// Pages per second, CPU per page, peak memory, size and words found: `untxt ocr`, the whole platform, OCRmyPDF and the
// tesseract command, taking turns on three documents.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { assemblePdf, freePages, render, scannedPage, textPage, textPdf } from '../e2e/samples.mjs';
import { UNTXT } from '../e2e/stack.mjs';
import { measureCommand, measurePlatform } from './measure.mjs';

const text = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: { sets: text('scan,mixed,digital,reread'), pages: text(20), rounds: text(3), dpi: text(300), workers: text(2), platform: { type: 'boolean' } },
});
const [pages, rounds, dpi, workers] = ['pages', 'rounds', 'dpi', 'workers'].map((name) => Number(values[name]));

const folder = mkdtempSync(join(tmpdir(), 'untxt-bench-'));
const { OCRMYPDF } = process.env;
const LEAN = ['--output-type', 'pdf', '--optimize', '0'];
const out = (name) => join(folder, `${name}.pdf`);

/** The documents: what is drawn on each page, and the file. */
const SETS = {
  scan() {
    const drawn = freePages(pages);
    return { title: `${pages} scanned pages, ${dpi} dpi, JPEG`, drawn, jpegs: render(textPdf(drawn), dpi, 'jpeg'), kind: 'scan' };
  },
  mixed() {
    const drawn = manyPages(200);
    // two of five pages are scans, one of them at half the resolution
    const scanned = drawn.filter((_, index) => index % 5 === 1 || index % 5 === 3);
    const fine = render(textPdf(scanned.filter((_, index) => index % 2 === 0)), dpi, 'jpeg');
    const coarse = render(textPdf(scanned.filter((_, index) => index % 2 === 1)), dpi / 2, 'jpeg');
    const page = (lines, index) => (index % 5 === 1 ? scannedPage(fine.shift()) : index % 5 === 3 ? scannedPage(coarse.shift()) : textPage(lines));
    return { title: '200 mixed pages: 120 of text, 40 scans, 40 coarse scans', drawn, bytes: assemblePdf(drawn.map(page)) };
  },
  digital() {
    const drawn = manyPages(200);
    return { title: '200 born-digital pages', drawn, bytes: textPdf(drawn) };
  },
  // the peer's modes that look at such pages take minutes for all of them
  reread() {
    const drawn = manyPages(200).slice(0, pages);
    return { title: `the first ${pages} of the 200 born-digital pages, by modes that look at them`, drawn, bytes: textPdf(drawn), kind: 'reread' };
  },
};

/** Free text is not endless: after the last page the first comes again. */
function manyPages(count) {
  const base = freePages(40);
  return Array.from({ length: count }, (_, index) => [`Page ${index + 1} of the sample`, ...base[index % base.length].slice(1)]);
}

try {
  describe();
  for (const name of values.sets.split(',')) await measureSet(SETS[name]());
  console.log('\nratios: how many times better than OCRmyPDF without PDF/A and optimisation; on a busy machine only CPU counts');
  console.log('peak: proportional set size of all processes of the contestant, sampled; start-up of the platform is not measured');
} finally {
  rmSync(folder, { recursive: true });
}

async function measureSet({ title, drawn, bytes, jpegs, kind }) {
  const file = join(folder, 'document.pdf');
  writeFileSync(file, bytes ?? assemblePdf(jpegs.map(scannedPage)));
  console.log(`\n## ${title}, ${(statSync(file).size / 1e6).toFixed(1)} MB; medians of ${rounds} rounds`);
  const contestants = contend(file, kind, jpegs);
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(contestants)) {
      const result = await measure();
      results[name].push(result);
      console.error(`round ${round}  ${name}: ${result.seconds.toFixed(1)} s, ${result.cpu.toFixed(1)} CPU s  (load ${loadavg()[0].toFixed(1)})`);
    }
  }
  report(results, drawn);
}

/** Who takes part: each gives seconds, CPU seconds and peak bytes, and writes `out(name)`. */
function contend(file, kind, jpegs) {
  const ours = (name, ...more) => measureCommand([UNTXT, 'ocr', file, '-f', 'pdf', '-o', out(name), '-q', '--lang', 'eng', ...more]);
  const theirs = (name, ...more) => measureCommand([OCRMYPDF, '--quiet', '--jobs', '2', ...more, file, out(name)]);
  if (kind === 'reread') return contendReading(ours, theirs);
  // a scan is read as it comes; elsewhere pages of text are kept, as ours does by itself
  const skip = kind === 'scan' ? [] : ['--skip-text'];
  const contestants = {
    'untxt ocr': () => ours('untxt ocr'),
    'ocrmypdf --jobs 2': () => theirs('ocrmypdf --jobs 2', ...skip),
    // Without PDF/A and optimisation: nothing but recognition and the text layer, as ours.
    'ocrmypdf --jobs 2, lean': () => theirs('ocrmypdf --jobs 2, lean', ...skip, ...LEAN),
  };
  if (kind === 'scan') {
    const list = join(folder, 'pages.txt');
    jpegs.forEach((jpeg, index) => writeFileSync(join(folder, `page-${index}.jpg`), jpeg));
    writeFileSync(list, jpegs.map((_, index) => join(folder, `page-${index}.jpg\n`)).join(''));
    contestants['tesseract, one process'] = () => measureCommand(['tesseract', list, out('tesseract, one process').slice(0, -4), '--dpi', String(dpi), 'pdf']);
    if (values.platform) contestants['untxt, whole platform'] = () => measurePlatform(file, out('untxt, whole platform'), workers);
  }
  return contestants;
}

/** Who takes part when no page may be passed by unseen: ours looks at each, and reads what has no text of its own. */
function contendReading(ours, theirs) {
  const contestants = {
    'untxt ocr': [ours],
    'untxt ocr --text force': [ours, '--text', 'force'],
    'ocrmypdf --redo-ocr': [theirs, '--redo-ocr'],
    'ocrmypdf --force-ocr': [theirs, '--force-ocr'],
    'ocrmypdf --force-ocr, lean': [theirs, '--force-ocr', ...LEAN],
    'ocrmypdf --redo-ocr, lean': [theirs, '--redo-ocr', ...LEAN],
  };
  return Object.fromEntries(Object.entries(contestants).map(([name, [run, ...more]]) => [name, () => run(name, ...more)]));
}

function describe() {
  const version = (command, args) => execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0];
  console.log(`${cpus().length} × ${cpus()[0].model}, load ${loadavg()[0].toFixed(1)}`);
  console.log(`${version(UNTXT, ['--version'])}; ocrmypdf ${version(OCRMYPDF, ['--version'])}; ${version('tesseract', ['--version'])}, eng`);
}

function report(results, drawn) {
  const count = drawn.length;
  const rows = Object.entries(results).map(([name, list]) => ({
    name,
    speed: median(list.map(({ seconds }) => count / seconds)),
    cpu: median(list.map(({ cpu }) => cpu / count)),
    peak: median(list.map(({ peak }) => peak)),
    size: statSync(out(name)).size,
    found: shareFound(name, drawn),
  }));
  const peer = rows.find(({ name }) => name.endsWith('lean'));
  const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);
  console.log();
  row('', 'pages/s', 'CPU s/page', 'peak MB', 'result MB', 'words found', 'speed ratio', 'CPU ratio');
  console.log('|---|---|---|---|---|---|---|---|');
  for (const { name, speed, cpu, peak, size, found } of rows) {
    const ratios = [speed / peer.speed, peer.cpu / cpu].map((ratio) => `${ratio.toFixed(2)} ×`);
    row(name, speed.toFixed(2), cpu.toFixed(3), (peak / 1e6).toFixed(0), (size / 1e6).toFixed(2), `${(found * 100).toFixed(2)} %`, ...ratios);
  }
  const [platform, bare] = ['untxt, whole platform', 'untxt ocr'].map((name) => rows.find((row) => row.name === name));
  if (platform) console.log(`\nCPU of the platform against bare recognition: ${((platform.cpu / bare.cpu - 1) * 100).toFixed(1)} % more`);
}

/** Gives the share of the drawn words that `pdftotext` finds on their page of a result. */
function shareFound(name, drawn) {
  execFileSync('pdftotext', [out(name), join(folder, 'found.txt')]);
  const pages = readFileSync(join(folder, 'found.txt'), 'utf8').split('\f');
  let [found, all] = [0, 0];
  drawn.forEach((lines, index) => {
    const seen = new Set((pages[index] ?? '').split(/\s+/));
    const words = lines.flatMap((line) => line.split(' ')).filter((word) => word !== '');
    all += words.length;
    found += words.filter((word) => seen.has(word)).length;
  });
  return found / all;
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
