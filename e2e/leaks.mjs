// Looks for words in files, in every spelling in which they could have been written down.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { constants, inflateRawSync, inflateSync } from 'node:zlib';

/** More than any compressed stream of ours holds of what matters; what is cut off there is still looked at. */
const STREAM_BYTES = 16 << 20;

/** Searches every file of a folder for words; a hit is `file: word`. Others get their turn between two files. */
export async function search(folder, words) {
  const spelled = words.map((word) => [word, spellings(word)]);
  const result = { files: 0, bytes: 0, hits: [] };
  const visit = async (path) => {
    for (const entry of readOrNothing(readdirSync, path, { withFileTypes: true }) ?? []) {
      const file = join(path, entry.name);
      if (entry.isDirectory()) await visit(file);
      const content = entry.isFile() && readOrNothing(readFileSync, file);
      if (!content) continue;
      await new Promise(setImmediate);
      result.files += 1;
      result.bytes += content.length;
      result.hits.push(...findSpelled(content, spelled).map((word) => `${file}: ${word}`));
    }
  };
  await visit(folder);
  return result;
}

/** Gives those of the words that stand in the bytes, in whatever spelling. */
export const find = (bytes, words) => findSpelled(bytes, words.map((word) => [word, spellings(word)]));

function findSpelled(bytes, spelled) {
  const found = spelled.filter(([, needles]) => needles.some((needle) => bytes.includes(needle)));
  const rest = spelled.filter((one) => !found.includes(one));
  if (rest.length === 0) return found.map(([word]) => word);
  const inside = inflated(bytes).flatMap((content) => rest.filter(([, needles]) => needles.some((needle) => content.includes(needle))));
  return [...new Set([...found, ...inside])].map(([word]) => word);
}

/** A running server removes files of its own. */
function readOrNothing(read, ...what) {
  try {
    return read(...what);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** UTF-8 and UTF-16 in any case; hexadecimal and Base64 of what was written. */
export function spellings(word) {
  const texts = [...new Set([word, word.toLowerCase(), word.toUpperCase()])];
  // Without its last zero a word in UTF-16 is the same in both orders.
  const bytes = texts.flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le').subarray(0, -1)]);
  const hex = Buffer.from(word).toString('hex');
  return [...bytes, ...[hex, hex.toUpperCase(), ...base64Middles(word)].map((text) => Buffer.from(text))];
}

/** Gives what Base64 makes of a word whatever stands around it: its whole groups at each of the three offsets. */
function base64Middles(word) {
  const middles = [0, 1, 2].map((shift) => {
    const end = Math.floor((shift + word.length) / 3) * 4;
    return Buffer.from(' '.repeat(shift) + word).toString('base64').slice(shift === 0 ? 0 : 4, end);
  });
  // Four letters alone are found anywhere.
  return middles.filter((middle) => middle.length >= 8);
}

/** Gives what is in every deflate stream, of zlib (as in PDF) or gzip, that begins anywhere in the bytes. */
function inflated(bytes) {
  const contents = [];
  const tryAt = (at, inflate) => {
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 4 * STREAM_BYTES };
      contents.push(inflate(bytes.subarray(at, at + STREAM_BYTES), options));
    } catch {
      // Two bytes that only look like the head of a stream.
    }
  };
  for (let at = bytes.indexOf(0x78); at !== -1; at = bytes.indexOf(0x78, at + 1)) {
    // 32 KiB of window, no dictionary, and a multiple of 31 (RFC 1950).
    if (at + 2 < bytes.length && bytes.readUInt16BE(at) % 31 === 0 && !(bytes[at + 1] & 0x20)) tryAt(at, inflateSync);
  }
  // Without a name or other extras, ten bytes stand before the stream (RFC 1952).
  const gzip = Buffer.of(0x1f, 0x8b, 8, 0);
  for (let at = bytes.indexOf(gzip); at !== -1; at = bytes.indexOf(gzip, at + 1)) tryAt(at + 10, inflateRawSync);
  return contents;
}
