// Documents for the proofs, made on the spot from free text (the licences that every Debian carries) and free fonts,
// so that no document has to live in the repository.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** A4 in points. */
export const PAGE = { width: 595, height: 842 };
/** Where the first line starts, in points from the bottom left, and the size of its letters. */
export const FIRST_LINE = { x: 56, y: 770, size: 16 };

const LICENCES = ['GPL-3', 'GFDL-1.3', 'MPL-2.0', 'Apache-2.0', 'LGPL-2.1', 'GPL-2'];

/** Gives `count` different pages: a heading of ours and lines of free text. */
export function freePages(count, heading = (page) => `Page ${page} of the sample`, linesPerPage = 44) {
  const lines = LICENCES.flatMap((name) => readFileSync(`/usr/share/common-licenses/${name}`, 'utf8').split('\n'))
    .map((line) => line.trim())
    .filter((line) => /^[\x20-\x7e]{20,76}$/.test(line));
  if (lines.length < count * linesPerPage) throw new Error(`only ${lines.length} lines of free text for ${count} pages`);
  return Array.from({ length: count }, (_, index) => [
    heading(index + 1),
    ...lines.slice(index * linesPerPage, (index + 1) * linesPerPage),
  ]);
}

/** Makes a born-digital PDF of the pages' lines. */
export const textPdf = (pages) => assemblePdf(pages.map(textPage));

/** A page for `assemblePdf`: lines of text. */
export function textPage(lines) {
  const { x, y, size } = FIRST_LINE;
  const [first, ...rest] = lines.map((line) => line.replace(/[\\()]/g, '\\$&'));
  const content =
    `BT /F ${size} Tf ${x} ${y} Td (${first}) Tj /F 11 Tf 0 -10 Td 15 TL ` +
    `${rest.map((line) => `(${line}) '`).join(' ')} ET`;
  return { content, resources: '/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>' };
}

/** Renders a PDF with poppler; gives one file's bytes per page. `kind`: png, jpeg or pgm. */
export function render(pdf, dpi, kind) {
  const folder = mkdtempSync(join(tmpdir(), 'untxt-render-'));
  try {
    writeFileSync(join(folder, 'in.pdf'), pdf);
    const format = { png: ['-png'], jpeg: ['-jpeg', '-jpegopt', 'quality=85'], pgm: [] }[kind];
    execFileSync('pdftoppm', ['-r', dpi, '-gray', ...format, join(folder, 'in.pdf'), join(folder, 'page')]);
    return readdirSync(folder).filter((name) => name.startsWith('page')).sort().map((name) => readFileSync(join(folder, name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes a scan: a PDF whose pages are one JPEG each. */
export const scannedPdf = (jpegs) => assemblePdf(jpegs.map(scannedPage));

/** A page for `assemblePdf`: one JPEG. */
export function scannedPage(jpeg) {
  const { width, height, components } = jpegHeader(jpeg);
  const space = components === 3 ? 'DeviceRGB' : 'DeviceGray';
  const image = {
    dictionary: `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /${space} /BitsPerComponent 8 /Filter /DCTDecode`,
    bytes: jpeg,
  };
  return { content: `q ${PAGE.width} 0 0 ${PAGE.height} 0 0 cm /I Do Q`, image };
}

/**
 * Makes a PDF of pages with a content stream and either resources or one image; no pages make a PDF without any.
 * `box` is the media box, `entries` stand in the page's dictionary besides. An image that is used again is stored once.
 */
export function assemblePdf(pages) {
  const parts = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  const offsets = [];
  const images = new Map();
  let length = parts[0].length;
  const add = (number, dictionary, stream) => {
    offsets[number] = length;
    const head = stream === undefined ? dictionary : `<< ${dictionary} /Length ${stream.length} >>\nstream\n`;
    const tail = stream === undefined ? '\nendobj\n' : '\nendstream\nendobj\n';
    for (const part of [`${number} 0 obj\n${head}`, stream ?? '', tail]) {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
      parts.push(bytes);
      length += bytes.length;
    }
  };
  add(1, '<< /Type /Catalog /Pages 2 0 R >>');
  add(2, `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((_, index) => `${3 + index * 3} 0 R`).join(' ')}] >>`);
  pages.forEach(({ content, resources, image, box = [0, 0, PAGE.width, PAGE.height], entries = '' }, index) => {
    const [page, stream, picture] = [3 + index * 3, 4 + index * 3, 5 + index * 3];
    const known = image && images.get(image.bytes);
    if (image && !known) images.set(image.bytes, picture);
    const uses = resources ?? `/XObject << /I ${known ?? picture} 0 R >>`;
    add(page, `<< /Type /Page /Parent 2 0 R /MediaBox [${box.join(' ')}] ${entries} /Resources << ${uses} >> /Contents ${stream} 0 R >>`);
    add(stream, '', Buffer.from(content, 'latin1'));
    if (known) add(picture, 'null');
    else add(picture, image?.dictionary ?? '', image?.bytes ?? Buffer.alloc(0));
  });
  const rows = offsets.slice(1).map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  const trailer = `xref\n0 ${offsets.length}\n0000000000 65535 f \n${rows.join('')}trailer << /Size ${offsets.length} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`;
  return Buffer.concat([...parts, Buffer.from(trailer, 'latin1')]);
}

/** Gives the pieces of a PDF that is `length` bytes long: a comment of that size stands before its table. */
export function* paddedPdf(pdf, length) {
  const table = pdf.lastIndexOf('xref\n0 ');
  const end = (start) => Buffer.from(pdf.toString('latin1', table).replace(/startxref\n\d+/, `startxref\n${String(start).padStart(10, '0')}`), 'latin1');
  const start = length - end(0).length;
  const spaces = Buffer.alloc(1 << 20, ' ');
  yield pdf.subarray(0, table);
  yield Buffer.from('%');
  for (let left = start - table - 2; left > 0; left -= spaces.length) yield spaces.subarray(0, left);
  yield Buffer.from('\n');
  yield end(start);
}

/** Makes a TIFF with one page per PGM, uncompressed grey. */
export function tiff(pgms, dpi) {
  const header = Buffer.from('49492a0000000000', 'hex');
  const parts = [header];
  let length = header.length;
  let pointer = { buffer: header, at: 4 };
  for (const pgm of pgms) {
    const { width, height, pixels } = pgmPixels(pgm);
    const at = length + pixels.length + (pixels.length % 2);
    const tags = [
      [256, 4, width], [257, 4, height], [258, 3, 8], [259, 3, 1], [262, 3, 1], [273, 4, length],
      [277, 3, 1], [278, 4, height], [279, 4, pixels.length], [282, 5, at + 2 + 11 * 12 + 4], [283, 5, at + 2 + 11 * 12 + 4],
    ];
    const directory = Buffer.alloc(2 + tags.length * 12 + 4 + 8);
    directory.writeUInt16LE(tags.length, 0);
    tags.forEach(([tag, type, value], index) => {
      const offset = 2 + index * 12;
      directory.writeUInt16LE(tag, offset);
      directory.writeUInt16LE(type, offset + 2);
      directory.writeUInt32LE(1, offset + 4);
      directory.writeUInt32LE(value, offset + 8);
    });
    directory.writeUInt32LE(dpi, directory.length - 8);
    directory.writeUInt32LE(1, directory.length - 4);
    pointer.buffer.writeUInt32LE(at, pointer.at);
    pointer = { buffer: directory, at: directory.length - 12 };
    parts.push(pixels, Buffer.alloc(pixels.length % 2), directory);
    length = at + directory.length;
  }
  return Buffer.concat(parts);
}

/** Makes a PNG whose header promises 65535 × 65535 pixels and whose data is a few bytes. */
export const hugePng = () => pngOf(65535, 65535, Buffer.from('789c030000000001', 'hex'));

/** Makes a PNG that is white all over, grey. */
export const png = (width, height) => pngOf(width, height, deflateSync(Buffer.alloc((width + 1) * height, Buffer.concat([Buffer.of(0), Buffer.alloc(width, 255)]))));

function pngOf(width, height, data) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const chunks = [['IHDR', header], ['IDAT', data], ['IEND', Buffer.alloc(0)]].map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

/** Locks a PDF with a password. */
export function lockPdf(pdf) {
  const folder = mkdtempSync(join(tmpdir(), 'untxt-lock-'));
  try {
    writeFileSync(join(folder, 'in.pdf'), pdf);
    execFileSync('qpdf', ['--encrypt', 'secret', 'owner', '256', '--', join(folder, 'in.pdf'), join(folder, 'out.pdf')]);
    return readFileSync(join(folder, 'out.pdf'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function jpegHeader(jpeg) {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const isFrame = jpeg[at + 1] >= 0xc0 && jpeg[at + 1] <= 0xc2;
    if (isFrame) return { height: jpeg.readUInt16BE(at + 5), width: jpeg.readUInt16BE(at + 7), components: jpeg[at + 9] };
  }
  throw new Error('this JPEG has no frame');
}

function pgmPixels(pgm) {
  const [head, width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.subarray(0, 64).toString('latin1'));
  return { width: Number(width), height: Number(height), pixels: pgm.subarray(head.length) };
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
