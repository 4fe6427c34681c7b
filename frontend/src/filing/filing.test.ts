import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import type { Filing } from '../api/filing';
import type { Document } from '../api/types';
import { Documents } from '../documents/documents.svelte';
import { aDocument } from '../documents/fixtures';
import { filtersOf, holds, type Shelf } from '../documents/shelf';
import { Folders } from '../folders/folders.svelte';
import { Notices } from '../live/notices.svelte';
import { parsePath, shelfPath } from '../navigation/navigation.svelte';
import { Receipts } from '../receipts/receipts.svelte';
import { Sharing } from '../sharing/sharing.svelte';
import { Tags } from '../tags/tags.svelte';
import { Trash } from '../trash/trash.svelte';
import { Filer } from './filer.svelte';
import { aFolder, aReceipt, aTag } from './fixtures';

const limits = { max_file_bytes: 1, max_pages: 1, allowed_types: [], languages: [], installed_languages: [], trash_days: 30, sends_mail: false, link_days: 0, providers: [], passkeys: false, sso_only: false };
const FOLDER: Shelf = { kind: 'folder', id: 'cases' };

/** A server with these documents; it keeps what is done to them. */
function aServer(...stored: Document[]) {
  const find = (id: string) => stored.find((document) => document.id === id) as Document;
  const change = (id: string, more: Partial<Document>) => {
    stored = stored.map((document) => (document.id === id ? { ...document, ...more } : document));
    return find(id);
  };
  return {
    loadLimits: vi.fn(async () => limits),
    listDocuments: vi.fn(async (_before: string | null, which: Record<string, string>) => {
      const isIn = ({ folder, tags, trashed_at: trashed }: Document) =>
        (trashed !== null) === (which['trash'] === 'true') &&
        (which['folder'] === undefined || (folder ?? 'none') === which['folder']) &&
        (which['tag'] === undefined || tags.includes(which['tag']));
      return { documents: stored.filter(isIn), next: null as string | null };
    }),
    loadDocument: vi.fn(async (id: string) => find(id)),
    listPages: vi.fn(async () => []),
    listEvents: vi.fn(async () => []),
    fileDocument: vi.fn(async (id: string, filing: Filing) => change(id, filing)),
    trashDocument: vi.fn(async (id: string) => void change(id, { trashed_at: '2026-11-22T10:00:00Z', shred_at: '2026-12-22T10:00:00Z' })),
    restoreDocument: vi.fn(async (id: string) => change(id, { trashed_at: null, shred_at: null })),
    shredDocument: vi.fn(async () => undefined),
    emptyTrash: vi.fn(async () => ({ shredded: 1, retained: 0 })),
    listFolders: vi.fn(async () => [aFolder('cases')]),
    listTags: vi.fn(async () => [aTag('urgent')]),
    call: vi.fn(async () => ({ folders: [] })),
    loadReceipt: vi.fn(async (id: string) => aReceipt(id)),
    listReceipts: vi.fn(async () => ({ receipts: [aReceipt('old', { state: 'signed' })], next: null })),
  };
}

function over(server: ReturnType<typeof aServer>) {
  const api = server as unknown as Api;
  const places = {
    documents: new Documents(api),
    folders: new Folders(api),
    sharing: new Sharing(api),
    tags: new Tags(api),
    trash: new Trash(api),
    receipts: new Receipts(api),
    notices: new Notices(),
  };
  return { ...places, filer: new Filer(places) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a shelf', () => {
  it('has an address that says which it is', () => {
    const shelves: Shelf[] = [{ kind: 'all' }, { kind: 'shared', id: null }, { kind: 'shared', id: 'ward' }, FOLDER, { kind: 'folder', id: null }, { kind: 'tag', id: 'urgent' }];
    for (const shelf of shelves) expect(parsePath(shelfPath(shelf))).toEqual({ screen: 'documents', shelf });
    expect(shelves.map(filtersOf)).toEqual([{}, { shared: 'with_me' }, { shared: 'with_me', folder: 'ward' }, { folder: 'cases' }, { folder: 'none' }, { tag: 'urgent' }]);
    expect([parsePath('/trash'), parsePath('/receipts')]).toEqual([{ screen: 'trash' }, { screen: 'receipts' }]);
    expect(parsePath('/folders')).toEqual({ screen: 'nowhere' });
  });

  it('holds what is filed there, and nothing of the trash', () => {
    const document = aDocument({ folder: 'cases', tags: ['urgent'] });
    expect([holds(FOLDER, document), holds({ kind: 'folder', id: null }, document), holds({ kind: 'tag', id: 'urgent' }, document)]).toEqual([true, false, true]);
    expect(holds({ kind: 'all' }, { ...document, trashed_at: '2026-11-22T10:00:00Z' })).toBe(false);
  });

  it('lists its own, and forgets nothing of the others', async () => {
    const { documents } = over(aServer(aDocument({ id: 'a' }), aDocument({ id: 'b', folder: 'cases' })));
    await documents.load();
    expect(documents.list.map(({ document }) => document.id)).toEqual(['b', 'a']);
    await documents.show(FOLDER);
    expect(documents.list.map(({ document }) => document.id)).toEqual(['b']);
    await documents.show({ kind: 'all' });
    expect(documents.list).toHaveLength(2);
  });

  it('shows no older document before those between are loaded', async () => {
    const [newest, oldest] = [aDocument({ id: 'b' }), aDocument({ id: 'a', created_at: '2020-01-01T00:00:00Z', folder: 'cases' })];
    const server = aServer(newest, oldest);
    const { documents } = over(server);
    await documents.show(FOLDER);
    server.listDocuments.mockResolvedValueOnce({ documents: [newest], next: 'cursor' });
    await documents.show({ kind: 'all' });
    expect(documents.list.map(({ document }) => document.id)).toEqual(['b']);
    await documents.loadMore();
    expect(documents.list).toHaveLength(2);
  });

  it('keeps the answer for another one away', async () => {
    const server = aServer(aDocument({ id: 'a' }));
    const { documents } = over(server);
    const first = documents.show({ kind: 'all' });
    const second = documents.show(FOLDER);
    await Promise.all([first, second]);
    expect([documents.listing.hasLoaded, documents.list.length]).toEqual([true, 0]);
  });
});

describe('filing a document', () => {
  it('moves it out of sight, says so, and takes it back', async () => {
    const server = aServer(aDocument({ folder: 'cases' }));
    const { documents, filer, notices } = over(server);
    await documents.show(FOLDER);
    const [entry] = documents.list;
    await filer.move(entry!, null);
    expect(documents.list).toHaveLength(0);
    expect(notices.current?.text).toBe('“letter.pdf” is in no folder now.');
    await notices.undo();
    expect(documents.list).toHaveLength(1);
    expect(notices.current).toBeNull();
  });

  it('asks for nothing when it lies there, or has the tag, already', async () => {
    const server = aServer(aDocument({ folder: 'cases', tags: ['urgent'] }));
    const { documents, filer } = over(server);
    await documents.load();
    const [entry] = documents.list;
    await filer.move(entry!, aFolder('cases'));
    await filer.tag(entry!, aTag('urgent'));
    expect(server.fileDocument).not.toHaveBeenCalled();
  });

  it('adds a tag to those it has', async () => {
    const server = aServer(aDocument({ tags: ['old'] }));
    const { documents, filer } = over(server);
    await documents.load();
    await filer.tag(documents.list[0]!, aTag('urgent'));
    expect(server.fileDocument).toHaveBeenCalledWith('document-1', { tags: ['old', 'urgent'] });
  });

  it('leaves how its reading goes to the events', async () => {
    const server = aServer(aDocument());
    const { documents, filer } = over(server);
    await documents.load();
    const [entry] = documents.list;
    entry!.document = { ...entry!.document, task: { ...entry!.task, last_seq: 7 } };
    await filer.move(entry!, aFolder('cases'));
    expect([entry!.document.folder, entry!.task.last_seq]).toEqual(['cases', 7]);
  });

  it('uploads to the shelf that is open', () => {
    const { filer } = over(aServer());
    const places = [FOLDER, { kind: 'folder', id: null } as const, { kind: 'tag', id: 'urgent' } as const, { kind: 'all' } as const];
    expect(places.map((shelf) => filer.placeOf(shelf))).toEqual([{ folder: 'cases' }, {}, { tags: ['urgent'] }, {}]);
  });
});

describe('the trash', () => {
  it('takes a document, with the way back', async () => {
    const { documents, filer, notices, trash } = over(aServer(aDocument()));
    await documents.load();
    await filer.moveToTrash(documents.list[0]!);
    expect(documents.list).toHaveLength(0);
    await trash.load();
    expect(trash.list).toHaveLength(1);
    await notices.undo();
    expect([documents.list.length, trash.list.length]).toEqual([1, 0]);
  });

  it('has no way back where there is none, and a receipt instead', async () => {
    const server = aServer(aDocument());
    const { documents, filer, notices, receipts } = over(server);
    server.loadLimits.mockResolvedValue({ ...limits, trash_days: 0 });
    await documents.load();
    await filer.moveToTrash(documents.list[0]!);
    expect([notices.current, receipts.latest?.id]).toEqual([null, 'document-1']);
  });

  it('offers no way back from what was deleted forever', async () => {
    const { documents, filer, notices, receipts } = over(aServer(aDocument()));
    await documents.load();
    const [entry] = documents.list;
    await filer.moveToTrash(entry!);
    await filer.shred(entry!.document);
    expect([notices.current, receipts.latest?.id]).toEqual([null, 'document-1']);
    await filer.emptyTrash();
    expect(receipts.latest).toBeNull();
  });

  it('hears what another tab threw away, took back and deleted', async () => {
    const server = aServer(aDocument());
    const { documents } = over(server);
    const gone = vi.fn();
    documents.onRemove = gone;
    await documents.load();
    await server.trashDocument('document-1');
    await documents.hearChange('document-1', 'trashed');
    expect([documents.list.length, gone.mock.calls.length]).toEqual([0, 1]);
    await server.restoreDocument('document-1');
    await documents.hearChange('document-1', 'restored');
    expect(documents.list).toHaveLength(1);
    await documents.hearChange('document-1', 'deleted');
    expect([documents.list.length, documents.wasDeleted('document-1')]).toEqual([0, true]);
    await documents.hearChange('unknown', 'trashed');
    expect(server.loadDocument).not.toHaveBeenCalledWith('unknown');
  });

  it('says when the receipt is signed, and asks no more then', async () => {
    const server = aServer();
    const { receipts } = over(server);
    const signed = vi.fn();
    receipts.onSigned = signed;
    receipts.follow({ id: 'a', name: 'letter.pdf' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(receipts.find('a')?.state).toBe('removing');
    server.loadReceipt.mockImplementation(async (id) => aReceipt(id, { state: 'signed' }));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(receipts.find('a')?.state).toBe('signed');
    expect(signed).toHaveBeenCalledTimes(1);
    const asked = server.loadReceipt.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.loadReceipt).toHaveBeenCalledTimes(asked);
  });
});

describe('the message at the foot', () => {
  it('goes after a while, but not while somebody is at it', async () => {
    const notices = new Notices();
    notices.show({ text: 'moved' });
    await vi.advanceTimersByTimeAsync(10_000);
    notices.hold();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(notices.current?.text).toBe('moved');
    notices.resume();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(notices.current).toBeNull();
  });

  it('says why it could not be taken back', async () => {
    const notices = new Notices();
    notices.show({ text: 'moved', undo: () => Promise.reject(new Error('away')) });
    await notices.undo();
    expect([notices.problem, notices.isUndoing, notices.current?.text]).toEqual([new Error('away'), false, 'moved']);
  });
});
