import type { Page, Tile } from '../../documents/document_entry.svelte';
import { count, countPages, formatNumber, formatPercent } from '../format';

const tiles: Record<Tile, string> = {
  waiting: 'waiting',
  reading: 'being read',
  done: 'done',
  check: 'done, to check',
  failed: 'failed',
  stopped: 'not read',
};

export const page = {
  pageTitle: (page: number) => `Page ${page} · UNTXT`,
  back: 'All documents',
  heading: (page: number, total: number) =>
    total > 0 ? `Page ${formatNumber(page)} of ${formatNumber(total)}` : `Page ${formatNumber(page)}`,
  strip: 'Pages',
  previous: 'Previous page',
  next: 'Next page',
  keys: (hasHits: boolean) =>
    `Keys: J and K turn the page, N goes to the next doubtful word${hasHits ? ', H to the next hit' : ''}.`,
  hits: (total: number) => count(total, 'hit', 'hits'),
  hitAt: (at: number, total: number) => `Hit ${formatNumber(at)} of ${formatNumber(total)}`,
  nextHit: 'Next hit',
  previousHit: 'Previous hit',
  tile: tiles,
  tileName: ({ page, tile, other }: Page, look: Tile) => {
    const again = look === tile ? '' : ', again';
    const choice = other?.is_undecided ? ', two results to choose from' : '';
    return `Page ${page}, ${tiles[look]}${again}${choice}`;
  },
  imageAlt: (page: number) => `Image of page ${page}`,
  imageFailed: 'The page image could not be loaded. The text is whole; reload the page to try again.',
  figureName: (page: number) => `Page ${page}, image and text`,
  textName: (page: number) => `Text of page ${page}`,
  noText: 'No text was found on this page.',
  confidence: (value: number) => `${formatPercent(value)} sure on average`,
  rotated: (degrees: number) => `turned by ${degrees}°`,
  facts: (dpi: number, engine: string) => `${formatNumber(dpi)} dpi · ${engine === 'file' ? 'text of the file' : engine}`,
  noDoubt: 'No doubtful words',
  doubtful: (total: number) => count(total, 'doubtful word', 'doubtful words'),
  nextDoubt: 'Next doubtful word',
  previousDoubt: 'Previous doubtful word',
  doubtAt: (at: number, total: number, confidence: number) =>
    `${at} of ${total}, ${formatPercent(confidence)} sure`,
  wordTitle: (confidence: number) => `${formatPercent(confidence)} sure`,
  waitingTitle: 'This page waits for its turn',
  waitingText: 'It opens here by itself as soon as it has been read.',
  readingTitle: 'This page is being read',
  readingText: 'It opens here by itself in a moment.',
  unknownTitle: 'The pages are being counted',
  failedTitle: (page: number) => `Page ${page} could not be read`,
  taskFailedTitle: 'This document could not be read',
  stoppedTitle: 'This page was not read',
  stoppedText: 'The document was stopped before.',
  outOfRange: (total: number) => `This document has ${countPages(total)}.`,
  firstPage: 'Go to page 1',
  loading: 'Opening the page…',
  goneTitle: 'There is no such document',
  goneText: 'It was deleted, or it belongs to somebody else.',
  copy: 'Copy text',
  copied: 'Copied',
};
