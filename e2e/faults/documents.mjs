// Small documents. Each page says which it is, so that a page that is missing or there twice is seen in the text.
import { freePages, render, scannedPdf, textPdf } from '../samples.mjs';

/** A word that stands in every document's name and on every page, and nowhere else. */
export const CANARY = 'Quasselstrippig';
let made = 0;

/** The words that only this page has. */
export const mark = (document, page) => `Sheet ${document} of leaf ${page} here`;

/** Born-digital pages: read in milliseconds. */
export function digital(pages, lines = 3) {
  const number = (made += 1);
  return { name: `${CANARY} ${number}.pdf`, bytes: textPdf(sheets(number, pages, lines)), number, pages };
}

/** Scanned pages: read in some tenths of a second each. */
export function scanned(pages, { lines = 12, dpi = 150 } = {}) {
  const number = (made += 1);
  return { name: `${CANARY} ${number}.pdf`, bytes: scannedPdf(render(textPdf(sheets(number, pages, lines)), dpi, 'jpeg')), number, pages };
}

function sheets(number, pages, lines) {
  // The same free lines on every page: only the mark counts.
  const [[, ...free]] = freePages(1, undefined, lines + 1);
  return Array.from({ length: pages }, (_, index) => [mark(number, index + 1), CANARY, ...free.slice(0, lines)]);
}
