// Files that want to crash, fill, stall or deceive whoever opens them. All are small; what they promise is not.
import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync } from 'node:zlib';

import { assemblePdf, hugePng, png, render, textPage, textPdf } from './samples.mjs';

const MEGABYTE = 1 << 20;

/** Gives `[name, bytes, codes]`: the failures that are right for it; `done` stands for one that may be read. */
export function hostileFiles() {
  const page = textPage(['A page that is well', 'and has a second line']);
  const jpeg = render(textPdf([['A page that is well', 'and has a second line']]), 100, 'jpeg')[0];
  const plain = assemblePdf([page]);
  return [
    ['content-bomb.pdf', pdf({ stream: [`/Filter [/FlateDecode /FlateDecode]`, deflateSync(deflateSync(Buffer.alloc(256 * MEGABYTE, ' ')))] }), ['too_complex', 'unreadable', 'out_of_memory', 'timeout', 'done']],
    ['image-bomb.pdf', pdf({ stream: ['', Buffer.from('q 612 0 0 792 0 0 cm /X Do Q')], resources: '/XObject << /X 5 0 R >>', more: [object(5, '/Type /XObject /Subtype /Image /Width 100000 /Height 100000 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter [/FlateDecode /FlateDecode]', deflateSync(deflateSync(Buffer.alloc(64 * MEGABYTE))))] }), ['too_many_pixels', 'too_complex', 'unreadable', 'out_of_memory', 'done']],
    ['forms-that-multiply.pdf', multiplyingForms(4), ['too_complex', 'timeout', 'unreadable', 'done']],
    ['form-in-itself.pdf', pdf({ stream: ['', Buffer.from('/X Do')], resources: '/XObject << /X 5 0 R >>', more: [object(5, '/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X 5 0 R >> >>', Buffer.from('/X Do'))] }), ['too_complex', 'unreadable', 'done']],
    ['pages-in-a-ring.pdf', whole([object(1, '/Type /Catalog /Pages 2 0 R'), object(2, '/Type /Pages /Count 5 /Kids [3 0 R]'), object(3, '/Type /Pages /Parent 2 0 R /Count 5 /Kids [2 0 R]')]), ['no_pages', 'unreadable']],
    ['ten-thousand-pages.pdf', assemblePdf(Array.from({ length: 10_000 }, () => ({ content: '' }))), ['too_many_pages']],
    ['count-that-lies.pdf', Buffer.from(plain.toString('latin1').replace('/Count 1', '/Count 2147483647'), 'latin1'), ['too_many_pages', 'unreadable', 'done']],
    ['nested-arrays.pdf', pdf({ stream: ['', Buffer.from(`${'['.repeat(500_000)}${']'.repeat(500_000)} TJ`)] }), ['too_complex', 'unreadable', 'done']],
    ['nested-object.pdf', whole([object(1, `/Type /Catalog /Pages 2 0 R /X ${'['.repeat(200_000)}${']'.repeat(200_000)}`), object(2, '/Type /Pages /Count 0 /Kids []')]), ['no_pages', 'unreadable']],
    ['xref-in-a-ring.pdf', xrefRing(plain), ['no_pages', 'unreadable', 'done']],
    ['box-beyond-measure.pdf', assemblePdf([{ ...page, box: [0, 0, 1e9, 1e9] }]), ['too_many_pixels', 'unreadable', 'done']],
    ['box-of-nothing.pdf', assemblePdf([{ ...page, box: [5, 5, 5, 5] }]), ['unreadable', 'done']],
    ['font-of-noise.pdf', fontPdf('/Subtype /TrueType /FirstChar 0 /LastChar 255', 'FontFile2', randomBytes(50_000)), ['unreadable', 'done']],
    ['font-that-lies.pdf', fontPdf('/Subtype /TrueType /FirstChar 0 /LastChar 255', 'FontFile2', lyingFont()), ['unreadable', 'done']],
    ['glyph-in-itself.pdf', glyphInItself(), ['too_complex', 'unreadable', 'done']],
    ['cut-off.pdf', plain.subarray(0, plain.length / 2), ['no_pages', 'unreadable', 'done']],
    ['pdf-in-a-zip.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), zipOf('bomb.txt', Buffer.alloc(64 * MEGABYTE))]), ['unreadable']],
    ['jpeg-and-zip.jpg', Buffer.concat([jpeg, zipOf('bomb.txt', Buffer.alloc(16 * MEGABYTE))]), ['done']],
    ['jpeg-that-is-a-pdf.jpg', Buffer.concat([jpeg.subarray(0, 600), plain]), ['unreadable', 'done']],
    ['huge.png', hugePng(), ['too_many_pixels']],
    ['flood.png', png(12_600, 12_600), ['done']],
    ['wide.png', png(60_000, 4), ['too_many_pixels', 'unreadable', 'done']],
    ['huge.jpg', resized(jpeg, 65_500, 65_500), ['too_many_pixels']],
    ['ring.tiff', ringTiff(), ['unreadable', 'too_many_pages', 'done']],
    ['strip-of-4-gigabytes.tiff', lyingTiff(), ['unreadable', 'too_many_pixels']],
    ['huge.gif', Buffer.from('474946383961ffffffff80000000000000ffffff2c00000000ffffffff000202440100 3b'.replace(' ', ''), 'hex'), ['too_many_pixels', 'unreadable']],
    ['huge.bmp', hugeBmp(), ['too_many_pixels', 'unreadable']],
  ];
}

const object = (number, dictionary, stream) =>
  [number, stream === undefined ? Buffer.from(`<< ${dictionary} >>`) : Buffer.concat([Buffer.from(`<< ${dictionary} /Length ${stream.length} >>\nstream\n`), stream, Buffer.from('\nendstream')])];

/** A PDF of one page: its stream with its entries, its resources, and more objects from number 5 on. */
function pdf({ stream: [entries, bytes], resources = '', more = [] }) {
  return whole([
    object(1, '/Type /Catalog /Pages 2 0 R'),
    object(2, '/Type /Pages /Count 1 /Kids [3 0 R]'),
    object(3, `/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << ${resources} >> /Contents 4 0 R`),
    object(4, entries, bytes),
    ...more,
  ]);
}

function whole(objects) {
  const parts = [Buffer.from('%PDF-1.7\n')];
  let length = parts[0].length;
  const rows = ['0000000000 65535 f \n'];
  for (const [number, body] of objects) {
    const bytes = Buffer.concat([Buffer.from(`${number} 0 obj\n`), body, Buffer.from('\nendobj\n')]);
    rows[number] = `${String(length).padStart(10, '0')} 00000 n \n`;
    parts.push(bytes);
    length += bytes.length;
  }
  return Buffer.concat([...parts, Buffer.from(`xref\n0 ${rows.length}\n${rows.join('')}trailer << /Size ${rows.length} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`)]);
}

/** Each form draws the one below it ten times: 10 to the power of `depth` drawings from a few hundred bytes. */
function multiplyingForms(depth) {
  const forms = Array.from({ length: depth }, (_, index) => {
    const isLast = index === depth - 1;
    const resources = isLast ? '' : `/Resources << /XObject << /X ${6 + index} 0 R >> >>`;
    return object(5 + index, `/Type /XObject /Subtype /Form /BBox [0 0 612 792] ${resources}`, Buffer.from(isLast ? '0 0 10 10 re f' : '/X Do '.repeat(10)));
  });
  return pdf({ stream: ['', Buffer.from('/X Do '.repeat(10))], resources: '/XObject << /X 5 0 R >>', more: forms });
}

function xrefRing(plain) {
  const start = /startxref\n(\d+)/.exec(plain.toString('latin1'))[1];
  return Buffer.from(plain.toString('latin1').replace(/trailer << /, `trailer << /Prev ${start} `), 'latin1');
}

function fontPdf(entries, file, bytes) {
  return pdf({
    stream: ['', Buffer.from('BT /F 24 Tf 72 700 Td (A page in a font that attacks) Tj ET')],
    resources: '/Font << /F 5 0 R >>',
    more: [
      object(5, `/Type /Font ${entries} /BaseFont /Attack /FontDescriptor 6 0 R`),
      object(6, `/Type /FontDescriptor /FontName /Attack /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 1000 /Descent 0 /CapHeight 700 /StemV 80 /${file} 7 0 R`),
      object(7, `/Length1 ${bytes.length}`, bytes),
    ],
  });
}

/** A TrueType directory of 65535 tables, all of which are said to lie at the end of 4 GiB. */
function lyingFont() {
  const font = Buffer.alloc(12 + 16 * 1000, 0xff);
  font.writeUInt32BE(0x00010000, 0);
  for (const [index, tag] of ['glyf', 'loca', 'head', 'hhea', 'hmtx', 'maxp', 'cmap', 'fpgm', 'prep', 'cvt '].entries()) font.write(tag, 12 + 16 * index, 'latin1');
  return font;
}

function glyphInItself() {
  return pdf({
    stream: ['', Buffer.from('BT /F 24 Tf 72 700 Td (aaaa) Tj ET')],
    resources: '/Font << /F 5 0 R >>',
    more: [
      object(5, '/Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 97 /LastChar 97 /Widths [1000] /Encoding << /Differences [97 /a] >> /CharProcs << /a 6 0 R >> /Resources << /Font << /F 5 0 R >> >>'),
      object(6, '', Buffer.from('1000 0 d0 BT /F 24 Tf (aa) Tj ET')),
    ],
  });
}

function zipOf(name, bytes) {
  const data = deflateRawSync(bytes);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(data.length, 18);
  local.writeUInt32LE(bytes.length, 22);
  local.writeUInt16LE(name.length, 26);
  return Buffer.concat([local, Buffer.from(name), data]);
}

/** The same JPEG, whose frame says another size. */
function resized(jpeg, width, height) {
  const copy = Buffer.from(jpeg);
  const at = copy.findIndex((byte, index) => byte === 0xff && copy[index + 1] === 0xc0);
  copy.writeUInt16BE(height, at + 5);
  copy.writeUInt16BE(width, at + 7);
  return copy;
}

const tag = (number, type, count, value) => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(number, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.writeUInt32LE(count, 4);
  bytes.writeUInt32LE(value, 8);
  return bytes;
};

function tiffOf(tags, next, data) {
  const count = Buffer.alloc(2);
  count.writeUInt16LE(tags.length);
  const after = Buffer.alloc(4);
  after.writeUInt32LE(next);
  return Buffer.concat([Buffer.from('49492a0008000000', 'hex'), count, ...tags, after, data]);
}

/** Each directory's next one is itself. */
const ringTiff = () =>
  tiffOf([tag(256, 4, 1, 16), tag(257, 4, 1, 16), tag(258, 3, 1, 8), tag(259, 3, 1, 1), tag(262, 3, 1, 1), tag(273, 4, 1, 8 + 2 + 8 * 12 + 4), tag(278, 4, 1, 16), tag(279, 4, 1, 256)], 8, Buffer.alloc(256, 255));

const lyingTiff = () =>
  tiffOf([tag(256, 4, 1, 12_000), tag(257, 4, 1, 12_000), tag(258, 3, 1, 8), tag(259, 3, 1, 1), tag(262, 3, 1, 1), tag(273, 4, 1, 200), tag(278, 4, 1, 12_000), tag(279, 4, 1, 0xfffffff0)], 0, Buffer.alloc(256));

function hugeBmp() {
  const bmp = Buffer.alloc(54 + 64);
  bmp.write('BM');
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(2_000_000_000, 18);
  bmp.writeInt32LE(2_000_000_000, 22);
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  return bmp;
}
