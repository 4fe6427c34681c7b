import { describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { Document, PageSummary, Task, TaskEvent } from '../api/types';
import { DocumentEntry, lookOf } from './document_entry.svelte';
import { Documents } from './documents.svelte';
import { aDocument, aPage, theEvents } from './fixtures';

const events = theEvents();
const tiles = (entry: DocumentEntry) => entry.pages.map((page) => page.tile);
const at = (seq: number) => events[seq - 1] as TaskEvent;

function aServer(document: Document = aDocument()) {
  return {
    loadLimits: vi.fn(async () => ({ max_file_bytes: 1, max_pages: 1, allowed_types: [], languages: [], installed_languages: [], trash_days: 30, sends_mail: false, link_days: 0, providers: [], passkeys: false, sso_only: false })),
    listDocuments: vi.fn(async () => ({ documents: [document], next: null as string | null })),
    loadDocument: vi.fn(async () => document),
    listPages: vi.fn(async () => [] as PageSummary[]),
    readAgain: vi.fn(async () => document.task),
    listEvents: vi.fn(async (_task: string, after: number) => events.filter((event) => event.seq > after)),
    trashDocument: vi.fn(async () => undefined),
  };
}

const over = (server: ReturnType<typeof aServer>) => new Documents(server as unknown as Api);

describe('one document', () => {
  it('ends the same whether events come once or twice', () => {
    const entry = new DocumentEntry(aDocument());
    for (const event of events) {
      entry.apply(event);
      expect(entry.apply(event)).toBe('old');
    }
    expect(tiles(entry)).toEqual(['done', 'check', 'failed']);
    expect(entry.task.state).toBe('done_with_errors');
    expect(entry.pages[2]?.failure?.code).toBe('timeout');
    expect(entry.isFinal).toBe(true);
  });

  it('does not move over a gap', () => {
    const entry = new DocumentEntry(aDocument());
    expect(entry.apply(at(4))).toBe('gap');
    expect(entry.task.last_seq).toBe(1);
  });

  it('ignores events of another task', () => {
    const entry = new DocumentEntry(aDocument());
    expect(entry.apply({ ...at(2), task: 'task-0' })).toBe('old');
  });

  it('keeps newer news than a late answer has', () => {
    const entry = new DocumentEntry(aDocument());
    events.slice(0, 6).forEach((event) => entry.apply(event));
    entry.merge(aDocument({ name: 'renamed.pdf' }));
    expect(entry.task.last_seq).toBe(6);
    expect(entry.document.name).toBe('renamed.pdf');
  });

  it('keeps what was read when it is stopped, and waits for nothing else', () => {
    const entry = new DocumentEntry(aDocument());
    events.slice(0, 5).forEach((event) => entry.apply(event));
    const stopped: TaskEvent = { ...at(5), seq: 6, type: 'task.cancelled', state: 'cancelled' };
    delete stopped.page;
    expect(entry.apply(stopped)).toBe('applied');
    expect(tiles(entry)).toEqual(['done', 'stopped', 'stopped']);
    expect(entry.isFinal).toBe(true);
    entry.mergePages([aPage(2, { state: 'cancelled' })]);
    expect(tiles(entry)[1]).toBe('stopped');
  });

  it('never takes back a page that has ended', () => {
    const entry = new DocumentEntry(aDocument());
    events.slice(0, 4).forEach((event) => entry.apply(event));
    entry.mergePages([aPage(1, { state: 'processing' })]);
    expect(tiles(entry)[0]).toBe('done');
  });

  it('says how long the rest will take at the pace so far', () => {
    const entry = new DocumentEntry(aDocument());
    events.slice(0, 5).forEach((event) => entry.apply(event));
    expect(entry.secondsLeft).toBeNull();
    entry.apply(at(6));
    // Two pages in four seconds; one page is left.
    expect(entry.secondsLeft).toBe(2);
  });
});

describe('all documents', () => {
  it('fetches what is missing when an event comes too early', async () => {
    const server = aServer();
    const documents = over(server);
    const entry = documents.add(aDocument());
    await documents.hear(at(2));
    await documents.hear(at(6));
    expect(server.listEvents).toHaveBeenCalledWith('task-1', 2);
    expect(tiles(entry)).toEqual(['done', 'check', 'failed']);
    await documents.hear(at(4));
    expect(entry.task.last_seq).toBe(9);
  });

  it('asks once when many events come too early', async () => {
    const server = aServer();
    const documents = over(server);
    documents.add(aDocument());
    await Promise.all([4, 5, 6, 7].map((seq) => documents.hear(at(seq))));
    expect(server.listEvents).toHaveBeenCalledTimes(1);
  });

  it('tells every event once, in order', async () => {
    const documents = over(aServer());
    documents.add(aDocument());
    const told: number[] = [];
    documents.onEvent = (_entry, event) => told.push(event.seq);
    for (const seq of [2, 2, 5, 3, 9, 4]) await documents.hear(at(seq));
    expect(told).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('meets a document of another tab, once', async () => {
    const server = aServer();
    const documents = over(server);
    await Promise.all([documents.hear(at(1)), documents.hear(at(2))]);
    expect(server.loadDocument).toHaveBeenCalledTimes(1);
    expect(documents.list).toHaveLength(1);
    expect(documents.find('document-1')?.task.last_seq).toBeGreaterThanOrEqual(2);
  });

  it('catches up after a reconnect', async () => {
    const done = aDocument();
    done.task = { ...done.task, last_seq: 9, state: 'done_with_errors', pages: { total: 3, done: 2, failed: 1, low: 1 } };
    const documents = over(aServer(done));
    const entry = documents.add(aDocument());
    events.slice(0, 3).forEach((event) => entry.apply(event));
    await documents.resync();
    expect(tiles(entry)).toEqual(['done', 'check', 'failed']);
    expect(documents.isBusy).toBe(false);
  });

  it('lets go of documents that were deleted elsewhere', async () => {
    const server = aServer();
    const documents = over(server);
    await documents.load();
    expect(documents.list).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    server.listDocuments.mockResolvedValue({ documents: [], next: null });
    await documents.load();
    expect(documents.list).toHaveLength(0);
  });

  it('stays deleted when an event of it comes late', async () => {
    const server = aServer();
    const documents = over(server);
    documents.add(aDocument());
    await documents.remove('document-1');
    await documents.hear(at(2));
    expect(documents.list).toHaveLength(0);
    expect(server.loadDocument).not.toHaveBeenCalled();
  });

  it('takes "not found" for gone and keeps other problems', async () => {
    const server = aServer();
    const documents = over(server);
    server.loadDocument.mockRejectedValue(new Problem(404, 'document_not_found', '', null, null));
    expect(await documents.open('document-1')).toBeNull();
    server.loadDocument.mockRejectedValue(new Problem(503, 'storage_unavailable', '', null, null));
    await expect(documents.open('document-1')).rejects.toThrow('storage_unavailable');
  });

  it('drops answers that were asked for by somebody else', async () => {
    const server = aServer();
    const documents = over(server);
    const loading = documents.load();
    documents.clear();
    await loading;
    expect(documents.list).toHaveLength(0);
    expect(documents.listing.hasLoaded).toBe(false);
  });
});

describe('a document that is read again', () => {
  const done = (page: number, more: Partial<PageSummary> = {}) => aPage(page, { state: 'done', mean_confidence: 0.9, ...more });
  const ended: Task = { ...aDocument().task, state: 'done_with_errors', last_seq: 9, pages: { total: 3, done: 2, failed: 1, low: 0 } };
  const rerun: Task = { ...ended, id: 'task-2', state: 'processing', last_seq: 2, is_rerun: true, pages: { ...ended.pages, failed: 0 } };
  const failure = { code: 'timeout', sentence: 'too slow', advice: 'again' };
  const event = (seq: number, type: string, more: Partial<TaskEvent> = {}): TaskEvent => ({
    ...(events[0] as TaskEvent), seq, type, task: 'task-2', state: 'processing', pages: rerun.pages, ...more,
  });

  function aRun() {
    const entry = new DocumentEntry(aDocument({ task: ended }));
    entry.mergePages([done(1), done(2), aPage(3, { state: 'failed', failure })]);
    entry.merge(aDocument({ task: rerun }));
    entry.mergePages([done(1), done(2, { reread: { state: 'queued', failure: null } }), aPage(3, { task: 'task-2' })]);
    return entry;
  }

  it('goes on showing what it shows, and tells what is read again', () => {
    const entry = aRun();
    expect(tiles(entry)).toEqual(['done', 'done', 'waiting']);
    expect(entry.pages.map(lookOf)).toEqual(['done', 'waiting', 'waiting']);
    expect(entry.pages[2]?.failure).toBeNull();
    entry.apply(event(3, 'page.started', { page: 2 }));
    entry.apply(event(4, 'page.started', { page: 3 }));
    expect(tiles(entry)).toEqual(['done', 'done', 'reading']);
    expect(entry.pages.map(lookOf)).toEqual(['done', 'reading', 'reading']);
    entry.apply(event(5, 'page.kept', { page: 2, failure }));
    expect(entry.pages[1]).toMatchObject({ tile: 'done', again: 'failed', failure });
    expect(entry.secondsLeft).toBeNull();
  });

  it('says whether its searchable PDF is of what it shows', () => {
    expect(aRun().pdf).toBe('none');
    const entry = new DocumentEntry(aDocument({ task: ended }));
    expect(entry.pdf).toBe('current');
    entry.merge(aDocument({ task: { ...ended, failure } }));
    expect(entry.pdf).toBe('none');
    entry.merge(aDocument({ task: rerun, pdf_task: 'task-1' }));
    expect(entry.pdf).toBe('older');
    entry.merge(aDocument({ task: { ...rerun, state: 'done' }, pdf_task: 'task-2' }));
    expect(entry.pdf).toBe('current');
  });

  it('is as before when it is stopped', () => {
    const entry = aRun();
    entry.apply(event(3, 'task.cancelled', { state: 'cancelled' }));
    entry.merge(aDocument({ task: ended }));
    entry.mergePages([done(1), done(2), aPage(3, { state: 'failed', failure })]);
    expect(tiles(entry)).toEqual(['done', 'done', 'failed']);
    expect(entry.unread).toBe(1);
  });

  it('asks the server which result a page shows, and which task follows', async () => {
    const server = aServer(aDocument({ task: rerun }));
    const documents = over(server);
    const entry = documents.add(aDocument({ task: ended }));
    server.listPages.mockResolvedValue([done(1), done(2), aPage(3, { task: 'task-2' })]);
    await documents.hear(event(1, 'task.queued', { state: 'queued' }));
    expect(entry.task.id).toBe('task-2');
    server.listPages.mockResolvedValue([done(1), done(2), done(3, { task: 'task-2' })]);
    await documents.hear(event(3, 'page.done', { page: 3 }));
    await vi.waitFor(() => expect(entry.pages[2]?.task).toBe('task-2'));
    await documents.hear({ ...event(9, 'page.done', { page: 1 }), task: 'task-1' });
    expect(entry.task.last_seq).toBe(3);
  });

  it('asks once more, not once for each, when it is asked while it asks', async () => {
    const server = aServer(aDocument({ task: rerun }));
    const documents = over(server);
    const entry = documents.add(aDocument({ task: rerun }));
    await Promise.all([1, 2, 3, 4].map(() => documents.refresh(entry)));
    expect(server.loadDocument).toHaveBeenCalledTimes(2);
  });
});
