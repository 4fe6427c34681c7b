// Invented documents and the invented worker that "reads" them, with the same events as the real one.
import { randomUUID } from 'node:crypto';

const FAILURES = {
  timeout: ['reading took longer than this server allows for one page', 'try again later, or scan the page at 300 dpi'],
  encrypted: ['the PDF is locked with a password', 'remove the password in a PDF viewer and upload the file again'],
  too_many_pixels: ['the page image is larger than this server accepts', 'scan the page at 300 dpi, or make the image smaller, and upload it again'],
};

export const failure = (code) => ({ code, sentence: FAILURES[code][0], advice: FAILURES[code][1] });

export class Store {
  documents = [];
  byKey = new Map();
  #listeners = new Set();
  #pageMs;
  #tasks = 0;

  constructor(pageMs) {
    this.#pageMs = pageMs;
  }

  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads a page in so many milliseconds from now on. */
  pace(pageMs) {
    this.#pageMs = pageMs;
  }

  find = (id) => this.documents.find((document) => document.id === id);
  findTask = (id) => this.documents.find((document) => document.task.id === id);

  remove(id) {
    this.documents = this.documents.filter((document) => document.id !== id);
  }

  add(name, sizeBytes, { pages = 1, ageMinutes = 0, low = [], failed = [], end = null, upTo = null } = {}) {
    const at = new Date(Date.now() - ageMinutes * 60_000).toISOString();
    const document = {
      id: randomUUID(),
      name,
      owner: { id: 'user-1', name: null },
      right: 'manage',
      media_type: 'application/pdf',
      size_bytes: sizeBytes,
      sha256: randomUUID().replaceAll('-', '').repeat(2),
      created_at: at,
      task: {
        id: randomUUID(),
        state: 'queued',
        pages: { total: 0, done: 0, failed: 0, low: 0 },
        last_seq: 0,
        failure: null,
        settings: { languages: 'auto', preset: 'auto', text_mode: 'skip' },
        is_rerun: false,
        created_at: at,
        started_at: null,
        ended_at: null,
      },
      pdf_task: null,
      folder: null,
      tags: [],
      trashed_at: null,
      shred_at: null,
      keep_until: null,
    };
    // What a client never sees.
    Object.defineProperty(document, 'hidden', { value: { pages: [], events: [], plan: { pages, low, failed, end } } });
    this.documents.unshift(document);
    this.#emit(document, 'task.queued');
    if (upTo !== null) {
      const steps = this.#steps(document);
      for (let step = 0; step < upTo && !steps.next().done; step += 1);
    }
    return document;
  }

  /** Lets the invented worker go on until the end. */
  run(document) {
    const steps = this.#steps(document);
    const tick = () => {
      if (this.find(document.id) && document.task.state !== 'cancelled' && !steps.next().done) setTimeout(tick, this.#pageMs);
    };
    setTimeout(tick, this.#pageMs);
  }

  /** Stops a document; what was read stays. */
  stop(document) {
    for (const page of document.hidden.pages) page.reread = null;
    for (const page of document.hidden.pages) if (page.state === 'queued' || page.state === 'processing') page.state = 'cancelled';
    this.#emit(document, 'task.cancelled', { state: 'cancelled' });
  }

  /** Begins another task; pages with text keep it meanwhile. The second result of page 4 is a bad one. */
  readAgain(document, wanted) {
    const { pages, plan } = document.hidden;
    const isWanted = (page) => (wanted === 'all' ? true : wanted === 'failed' ? page.state !== 'done' : wanted.includes(page.page));
    for (const page of pages.filter(isWanted)) {
      if (page.state === 'done') page.reread = { state: 'queued', failure: null };
      else Object.assign(page, waiting(page.page));
    }
    plan.failed = [];
    plan.end = null;
    this.#begin(document);
    if (document.task.pages.total > 0) this.#emit(document, 'task.started', { state: 'processing' });
    this.run(document);
  }

  /** Shows the other result of a page, or goes on showing the one that is shown. */
  choose(document, { page: number, task }) {
    const page = document.hidden.pages[number - 1];
    const { other } = page;
    if (other.task === task) {
      page.other = { task: page.task, mean_confidence: page.mean_confidence, is_newer: !other.is_newer, is_undecided: false };
      Object.assign(page, { task, mean_confidence: other.mean_confidence });
    } else other.is_undecided = false;
    this.#begin(document);
    const ended = document.task.pages.failed > 0 ? 'done_with_errors' : 'done';
    this.#emit(document, `task.${ended}`, { state: ended });
  }

  #begin(document) {
    const { pages } = document.hidden;
    const isDone = (page) => page.state === 'done' && page.reread === null;
    const counters = {
      total: pages.length,
      done: pages.filter(isDone).length,
      failed: pages.filter((page) => page.state === 'failed').length,
      low: pages.filter((page) => isDone(page) && page.mean_confidence < 0.7).length,
    };
    const at = new Date().toISOString();
    this.#tasks += 1;
    const id = `g${String(this.#tasks).padStart(4, '0')}`;
    document.task = { ...document.task, id, is_rerun: pages.length > 0, state: 'queued', pages: counters, last_seq: 0, failure: null, created_at: at, started_at: null };
    document.hidden.events.length = 0;
    this.#emit(document, 'task.queued');
  }

  *#steps(document) {
    const { plan, pages } = document.hidden;
    if (plan.end === 'failed') {
      document.task.failure = failure('encrypted');
      this.#emit(document, 'task.failed', { state: 'failed', failure: document.task.failure });
      return;
    }
    const begin = pages.length;
    if (begin === 0) {
      for (let page = 1; page <= plan.pages; page += 1) pages.push(waiting(page));
      document.task.pages = { ...document.task.pages, total: plan.pages };
      this.#emit(document, 'task.started', { state: 'processing' });
      yield;
    }
    for (const page of pages.filter((each) => each.state === 'queued' || each.state === 'processing' || each.reread !== null)) {
      if (page.reread === null) page.state = 'processing';
      else page.reread.state = 'processing';
      this.#emit(document, 'page.started', { page: page.page });
      yield;
      this.#endPage(document, page);
      yield;
    }
    const ended = document.task.pages.failed > 0 ? 'done_with_errors' : 'done';
    this.#emit(document, `task.${ended}`, { state: ended });
  }

  #endPage(document, page) {
    const { plan } = document.hidden;
    const counters = { ...document.task.pages };
    if (plan.failed.includes(page.page)) {
      page.state = 'failed';
      page.failure = failure('too_many_pixels');
      counters.failed += 1;
      document.task.pages = counters;
      this.#emit(document, 'page.failed', { page: page.page, failure: page.failure });
      return;
    }
    const isLow = plan.low.includes(page.page);
    if (page.reread !== null) {
      page.reread = null;
      page.other = { task: `worse-${document.task.id}`, mean_confidence: 0.58, is_newer: true, is_undecided: true };
    } else {
      Object.assign(page, { state: 'done', task: document.task.id, width: 1654, height: 2339, dpi: 200, mean_confidence: isLow ? 0.61 : 0.94 });
    }
    counters.done += 1;
    if (isLow) counters.low += 1;
    document.task.pages = counters;
    this.#emit(document, 'page.done', { page: page.page });
  }

  #emit(document, type, more = {}) {
    const { task } = document;
    task.state = more.state ?? task.state;
    task.last_seq += 1;
    if (/^task\.done/.test(type) && task.pages.done > 0) document.pdf_task = task.id;
    if (type === 'task.started') task.started_at = new Date().toISOString();
    const event = {
      seq: task.last_seq,
      type,
      at: new Date().toISOString(),
      task: task.id,
      document: document.id,
      ...more,
      state: task.state,
      pages: task.pages,
    };
    document.hidden.events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

const waiting = (page) => ({ page, state: 'queued', width: null, height: null, dpi: null, mean_confidence: null, failure: null, task: '', reread: null, other: null });

export function fill(store) {
  const done = 1_000;
  store.add('Lease agreement, signed.pdf', 4_812_300, { pages: 14, ageMinutes: 3 * 24 * 60, upTo: done });
  store.add('IMG_20260311_fax_page.jpg', 912_004, { pages: 1, ageMinutes: 26 * 60, low: [1], upTo: done });
  store.add('Discharge summaries 2019–2024, ward 7, scanned.tiff', 38_112_904, { pages: 36, ageMinutes: 190, low: [4, 19], failed: [12], upTo: done });
  store.add('locked-report.pdf', 220_118, { ageMinutes: 64, end: 'failed', upTo: done });
  store.add('Referral letters March.pdf', 2_301_455, { pages: 12, ageMinutes: 12, low: [2], failed: [5], upTo: 14 });
  store.add('Lab results.png', 644_120, { pages: 1, ageMinutes: 1 });
}
