import type { Failure, Limits, PageContent, Place, Task } from '../api/types';
import { Problem } from '../api/problem';
import type { Page, Tile } from '../documents/document_entry.svelte';
import {
  asSentence,
  count,
  formatAbout,
  formatLanguages,
  formatNumber,
  formatOrdinal,
  formatPercent,
  formatSize,
  formatTypes,
  formatWait,
} from './format';

const pages = (total: number) => count(total, 'page', 'pages');

/** Every sentence a person reads. */
export const words = {
  product: 'UNTXT',
  skip: 'Skip to the content',

  bar: {
    home: 'UNTXT, all documents',
    signedInAs: 'Signed in as',
    logOut: 'Log out',
    connecting: 'Connecting…',
    live: 'Live',
    liveHint: 'Pages appear here the moment they are read.',
    retrying: 'Live updates are off, trying again',
    polling: 'Live updates are off, asking every 3 seconds',
  },

  login: {
    title: 'Log in',
    pageTitle: 'Log in · UNTXT',
    promise: 'Scans in, text out. Everything stays on this server, encrypted.',
    login: 'Login',
    password: 'Password',
    submit: 'Log in',
    submitting: 'Logging in…',
    show: 'Show password',
    capsLock: 'Caps Lock is on.',
    ended: 'Your session has ended. Log in to go on where you were.',
    wait: (seconds: number) => `Too many attempts. Try again in ${formatWait(seconds)}.`,
    firstTime: 'First time here?',
    firstTimeHelp:
      'The first login and its password were printed, once, when UNTXT was started. Somebody else runs it? They can make an account for you.',
  },

  documents: {
    title: 'Documents',
    pageTitle: 'Documents · UNTXT',
    listName: 'Your documents',
    dropTitle: 'Drop scans here',
    dropNow: 'Let go to upload',
    choose: 'Choose files',
    limits: (limits: Limits) =>
      `${formatTypes(limits.allowed_types)}, up to ${formatSize(limits.max_file_bytes)} and ${formatNumber(limits.max_pages)} pages each.`,
    languages: ({ languages, installed_languages: installed }: Limits) => {
      const named = languages.includes('auto') ? installed : languages;
      if (named.length === 0) return '';
      return named.length > 4 ? `Finds out which of ${named.length} languages it is.` : `Reads ${formatLanguages(named)}.`;
    },
    privacy: 'Stays on this server, encrypted.',
    more: 'Show older documents',
    loading: 'Loading your documents…',
    emptyTitle: 'Nothing here yet',
    emptySteps: [
      ['Drop a scan', 'A PDF, a photo of a letter, a TIFF from the scanner. As many as you like.'],
      ['Watch it being read', 'Every page shows when it is done. Finished pages open at once.'],
      ['Read, check, take away', 'Text beside the page, doubtful words marked, and a PDF you can search.'],
    ] as const,
    delete: 'Delete',
    deleteNamed: (name: string) => `Delete ${name}`,
    confirmTitle: 'Delete this document?',
    confirm: (name: string) =>
      `“${name}”, its page images and its text go for good. The key that could decrypt them is destroyed, so nobody can bring them back.`,
    confirmYes: 'Delete for good',
    confirmNo: 'Keep it',
    deleting: 'Deleting…',
    stripName: (task: Task) => `${formatNumber(task.pages.done)} of ${pages(task.pages.total)} read`,
  },

  task: {
    /** One line: where the document stands. Never "finished" when a page failed. */
    line(task: Task, place: Place | null = null): string {
      const { total, done, failed, low } = task.pages;
      switch (task.state) {
        case 'queued':
          return place === null || place.workers_alive === 0 ? 'Waiting for a free reader' : words.task.place(place);
        case 'inspecting':
          return 'Counting the pages';
        case 'processing':
          return `${formatNumber(done + failed)} of ${pages(total)}`;
        case 'finishing':
          return `All ${pages(total)} read, making the searchable PDF`;
        case 'failed':
          return 'Could not be read';
        case 'cancelled':
          return total > 0 ? `Stopped, ${formatNumber(done)} of ${pages(total)} read` : 'Stopped before it was opened';
        default: {
          const parts = [pages(total)];
          if (low > 0) parts.push(`${formatNumber(low)} to check`);
          if (failed > 0) parts.push(`${formatNumber(failed)} failed`);
          return parts.join(' · ');
        }
      }
    },
    badge: {
      queued: 'Waiting',
      inspecting: 'Opening',
      processing: 'Reading',
      finishing: 'Finishing',
      done: 'Done',
      done_with_errors: 'Done, with errors',
      failed: 'Failed',
      cancelled: 'Stopped',
    },
    check: 'Done, check',
    stop: 'Stop',
    stopNamed: (name: string) => `Stop reading ${name}`,
    stopping: 'Stopping…',
    /** "3rd in the queue, about 40 s". */
    place(place: Place): string {
      const standing = place.pages_before === 0 ? 'Next in the queue' : `${formatOrdinal(place.pages_before + 1)} in the queue`;
      return place.eta_seconds === null ? standing : `${standing}, ${formatAbout(place.eta_seconds)}`;
    },
    noWorker: 'No worker is running: your document is safe and waits.',
    /** How long the rest will take, no more exact than it can be. */
    left: (seconds: number) => `${formatAbout(seconds)} left`,
    stuck: (seconds: number) =>
      `Nobody has begun with it for ${formatWait(seconds)}. Other documents may be in front; if this stays, ask your administrator whether a worker is running.`,
    failure: (failure: Failure) => asSentence(failure.sentence),
    advice: (failure: Failure) => asSentence(failure.advice),
  },

  upload: {
    listName: 'Uploads',
    waiting: 'Waiting for its turn',
    percent: (percent: number) => `${percent} %`,
    barName: (name: string) => `Upload of ${name}`,
    storing: 'Encrypting and storing…',
    pausing: 'Connection lost, trying again',
    cancel: 'Cancel',
    cancelNamed: (name: string) => `Cancel the upload of ${name}`,
    dismiss: 'Dismiss',
    dismissNamed: (name: string) => `Dismiss ${name}`,
    retry: 'Try again',
    retryNamed: (name: string) => `Try again to upload ${name}`,
    empty: 'The file is empty. Save or scan it again, then drop the new file.',
    folder: 'This is a folder. Open it and drop the files that are in it.',
    tooLarge: (size: number, limit: number) =>
      `${formatSize(size)}; the limit is ${formatSize(limit)}. Split the document or scan it at 300 dpi, then drop the parts.`,
    broken: 'The server could not be reached. Nothing is lost: try again when the connection is back.',
    loggedOut: 'You were logged out meanwhile. Try again now that you are back.',
    refusedAloud: (name: string, why: string) => `${name}: ${why}`,
  },

  page: {
    pageTitle: (page: number) => `Page ${page} · UNTXT`,
    back: 'All documents',
    heading: (page: number, total: number) =>
      total > 0 ? `Page ${formatNumber(page)} of ${formatNumber(total)}` : `Page ${formatNumber(page)}`,
    strip: 'Pages',
    previous: 'Previous page',
    next: 'Next page',
    keys: 'Keys: J and K turn the page, N goes to the next doubtful word.',
    tile: {
      waiting: 'waiting',
      reading: 'being read',
      done: 'done',
      check: 'done, to check',
      failed: 'failed',
      stopped: 'not read',
    } satisfies Record<Tile, string>,
    tileName: ({ page, tile, other }: Page, look: Tile) => {
      const again = look === tile ? '' : ', again';
      const choice = other?.is_undecided ? ', two results to choose from' : '';
      return `Page ${page}, ${words.page.tile[look]}${again}${choice}`;
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
    outOfRange: (total: number) => `This document has ${pages(total)}.`,
    firstPage: 'Go to page 1',
    loading: 'Opening the page…',
    goneTitle: 'There is no such document',
    goneText: 'It was deleted, or it belongs to somebody else.',
    copy: 'Copy text',
    copied: 'Copied',
  },

  reread: {
    open: 'Read again…',
    title: 'Read again',
    promise: 'Nothing is lost: a page keeps its text until a newer result is there, and you choose when that seems worse.',
    which: 'Pages',
    unread: (total: number) => `The ${pages(total)} without text`,
    thisPage: (page: number) => `Only page ${formatNumber(page)}`,
    all: (total: number) => (total > 1 ? `All ${pages(total)}` : 'The whole document'),
    languages: 'Language',
    preset: 'Kind of page',
    text: 'Text that the PDF brings along',
    asBefore: 'As at the upload',
    languageAuto: 'Find out',
    presets: {
      auto: 'Find out',
      clean_scan: 'Clean scan',
      fax: 'Fax or bad copy',
      photo: 'Photo',
      book: 'Book',
      form: 'Form',
    },
    texts: {
      skip: 'Take it over',
      redo: 'Read scans with an old text layer again',
      force: 'Read everything from the picture',
    },
    cancel: 'Cancel',
    submit: 'Read again',
    asking: 'One moment…',
    tryUnread: (total: number) => (total === 1 ? 'Try the missing page again' : `Try ${formatNumber(total)} missing pages again`),
    tryPage: 'Try this page again',
    readOn: 'Read the rest',
    tryDocument: 'Try again',
    isRead: 'This page is being read again. Until that is done, this is what was read before.',
    hasFailed: 'This page could not be read again, so what was read before stays.',
    undecided: (older: number, newer: number) =>
      `There is a newer result of this page. It seems worse (${formatPercent(newer)} sure on average, the older one ${formatPercent(older)}), so the older one is still shown.`,
    decided: (isOlderShown: boolean) =>
      isOlderShown ? 'This page was read again; the older result is shown.' : 'This page was read again; the newer result is shown.',
    choose: 'Compare and choose',
    compare: 'Compare',
    choiceTitle: 'Two results of this page',
    legend: 'Words that only one of them has are marked.',
    close: 'Close',
    resultName: (isNewer: boolean) => (isNewer ? 'Newer result' : 'Older result'),
    textName: (isNewer: boolean) => (isNewer ? 'Text of the newer result' : 'Text of the older result'),
    shown: 'shown now',
    facts: ({ words: read, mean_confidence: sure, languages }: PageContent) => {
      const known = languages === undefined || languages.length === 0 ? '' : ` · ${formatLanguages(languages.map(({ code }) => code))}`;
      return read.length === 0 ? words.page.noText : `${formatPercent(sure)} sure on average · ${count(read.length, 'word', 'words')}${known}`;
    },
    take: (isNewer: boolean, isShown: boolean) => {
      if (isNewer) return isShown ? 'Keep the newer' : 'Accept the newer';
      return isShown ? 'Keep the older' : 'Go back to the older';
    },
    chosen: (isNewer: boolean) => (isNewer ? 'The newer result is shown now.' : 'The older result is shown now.'),
    waitToChoose: 'You can choose as soon as the document has been read.',
  },

  downloads: {
    title: 'Download',
    pdf: 'Searchable PDF',
    more: 'More formats',
    formats: {
      txt: 'Text',
      layout: 'Text with columns',
      md: 'Markdown',
      docx: 'Word document',
      csv: 'Tables as CSV',
      xlsx: 'Tables as Excel',
      json: 'Words as JSON',
      tsv: 'Words as TSV',
      hocr: 'hOCR',
      alto: 'ALTO XML',
    },
    original: 'Original file',
    notYet: 'ready when all pages have been read',
  },

  aloud: {
    pageDone: (name: string, ended: number, total: number) => `${name}: page ${ended} of ${total} done`,
    pageKept: (name: string, page: number) => `${name}: page ${page} could not be read again, its older text stays`,
    pageFailed: (name: string, page: number, failure: Failure | undefined) =>
      `${name}: page ${page} failed. ${failure === undefined ? '' : asSentence(failure.sentence)}`,
    taskDone: (name: string, line: string) => `${name}: done, ${line}`,
    taskStopped: (name: string) => `${name}: stopped`,
    taskFailed: (name: string, failure: Failure | null) =>
      `${name} could not be read. ${failure === null ? '' : asSentence(failure.sentence)}`,
    uploaded: (name: string) => `${name} uploaded`,
  },

  nowhere: { title: 'There is nothing at this address', back: 'Go to your documents', pageTitle: 'Not found · UNTXT' },
  away: { title: 'The server can’t be reached', text: 'Check your connection. This page keeps trying.', retry: 'Try again' },

  /** What to say about anything that went wrong. */
  trouble(problem: unknown): string {
    if (!(problem instanceof Problem)) return 'The server can’t be reached. Check your connection and try again.';
    const said = asSentence(problem.detail);
    if (problem.status >= 500) {
      const reference = problem.requestId === null ? '' : ` Reference: ${problem.requestId}`;
      return `${said || 'Something went wrong on the server. Try again in a moment.'}${reference}`;
    }
    return said || `The server refused this (${problem.status}). Reload the page and try again.`;
  },
};
