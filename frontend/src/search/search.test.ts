import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { SearchAnswer, SearchQuestion } from '../api/types';
import { parsePath } from '../navigation/navigation.svelte';
import { findWords } from '../pages/hits';
import { search as searchWords } from '../words/en/search';
import { CROP_SHAPE, cropAround } from './crop';
import { endOfDay, startOfDay } from './days';
import { aHit, anAnswer } from './fixtures';
import { isSearchKey } from './keys';
import { cutSnippet } from './marks';
import { Search } from './search.svelte';

/** A server whose answers come when the test says so, in any order. */
function aServer() {
  const asked: { question: SearchQuestion; signal: AbortSignal; answer: (answer: SearchAnswer) => void; refuse: (why: unknown) => void }[] = [];
  const api = {
    search: (question: SearchQuestion, signal: AbortSignal) =>
      new Promise<SearchAnswer>((answer, refuse) => asked.push({ question, signal, answer, refuse })),
  };
  return { asked, search: new Search(api as unknown as Api) };
}

/** Looks for words, and gets these pages. */
async function find({ asked, search }: ReturnType<typeof aServer>, query: string, answer: SearchAnswer) {
  search.query = query;
  const running = search.run();
  asked.at(-1)?.answer(answer);
  await running;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a search', () => {
  it('shows what was asked for last, however late the other answers come', async () => {
    const { asked, search } = aServer();
    search.query = 'cough';
    const first = search.run();
    search.query = 'fever';
    const second = search.run();
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    asked[1]?.answer(anAnswer([aHit(2)]));
    asked[0]?.answer(anAnswer([aHit(1)]));
    await Promise.all([first, second]);
    expect(search.answer?.hits.map(({ page }) => page)).toEqual([2]);
    expect(search.isSearching).toBe(false);
  });

  it('a search that was broken off leaves no trouble behind', async () => {
    const { asked, search } = aServer();
    search.query = 'cough';
    const first = search.run();
    search.reset();
    asked[0]?.refuse(new DOMException('aborted', 'AbortError'));
    await first;
    expect([search.problem, search.answer, search.isSearching]).toEqual([null, null, false]);
  });

  it('keeps what was found until the next answer is there, and says so when that takes long', async () => {
    const server = aServer();
    const { asked, search } = server;
    await find(server, 'cough', anAnswer([aHit(1)]));
    search.query = 'fever';
    const running = search.run();
    await vi.advanceTimersByTimeAsync(250);
    expect([search.isSlow, search.answer?.hits.length]).toEqual([false, 1]);
    await vi.advanceTimersByTimeAsync(100);
    expect([search.isSlow, search.answer?.hits.length]).toEqual([true, 1]);
    asked[1]?.answer(anAnswer([]));
    await running;
    expect([search.isSlow, search.answer?.hits.length]).toEqual([false, 0]);
  });

  it('says why there is no answer, and is tried again', async () => {
    const server = aServer();
    server.search.query = 'co*';
    const running = server.search.run();
    server.asked[0]?.refuse(new Problem(422, 'unsearchable', 'write three letters', null, null));
    await running;
    expect(server.search.problem).toBeInstanceOf(Problem);
    await find(server, 'cough', anAnswer([aHit(1)]));
    expect(server.search.problem).toBeNull();
  });

  it('asks for whole days, where the person is, and for nothing while they are the wrong way round', async () => {
    const { asked, search } = aServer();
    search.query = '  cough  ';
    search.from = '2026-03-14';
    search.to = '2026-03-14';
    void search.run();
    expect(asked[0]?.question).toEqual({ query: 'cough', from: startOfDay('2026-03-14'), to: endOfDay('2026-03-14') });
    expect(Date.parse(endOfDay('2026-03-14')) - Date.parse(startOfDay('2026-03-14'))).toBe(24 * 3_600_000);
    search.to = '2026-03-13';
    void search.run();
    expect([search.isBackwards, asked.length]).toEqual([true, 1]);
  });

  it('asks only for the folder and the tags that were chosen, until another person is here', async () => {
    const { asked, search } = aServer();
    search.query = 'cough';
    search.lookIn({ kind: 'folder', id: 'cases' });
    void search.run();
    search.lookIn({ kind: 'tag', id: 'urgent' });
    void search.run();
    expect(asked.map(({ question }) => question)).toEqual([{ query: 'cough', folder: 'cases' }, { query: 'cough', tags: ['urgent'] }]);
    search.clear();
    expect([search.folder, search.tags]).toEqual([null, []]);
  });

  it('asks for nothing when nothing is written', async () => {
    const { asked, search } = aServer();
    search.query = '   ';
    await search.run();
    expect(asked).toHaveLength(0);
  });
});

describe('more of what was found', () => {
  it('goes on with the question that was answered, and shows no page twice', async () => {
    const server = aServer();
    const { asked, search } = server;
    await find(server, 'cough', { ...anAnswer([aHit(1), aHit(2)], 'cursor'), total: { pages: 9, is_exact: false } });
    search.query = 'being written';
    const loading = search.more();
    expect(asked[1]?.question).toEqual({ query: 'cough', after: 'cursor' });
    asked[1]?.answer(anAnswer([aHit(2), aHit(3)]));
    expect((await loading)?.page).toBe(3);
    expect(search.answer?.hits.map(({ page }) => page)).toEqual([1, 2, 3]);
    expect(search.answer?.total).toEqual({ pages: 3, is_exact: true });
    expect(await search.more()).toBeNull();
    expect(asked).toHaveLength(2);
  });

  it('counts nothing exactly while pages are missing in the index', async () => {
    const server = aServer();
    const { asked, search } = server;
    await find(server, 'cough', { ...anAnswer([aHit(1)], 'cursor'), is_complete: false });
    const loading = search.more();
    asked[1]?.answer(anAnswer([aHit(2)]));
    await loading;
    expect(search.answer).toMatchObject({ total: { pages: 2, is_exact: false }, is_complete: false });
  });

  it('is asked for at once when there was nothing in the first part', async () => {
    const { asked, search } = aServer();
    search.query = 'cough';
    const running = search.run();
    asked[0]?.answer(anAnswer([], 'first'));
    await vi.advanceTimersByTimeAsync(0);
    asked[1]?.answer(anAnswer([], 'second'));
    await vi.advanceTimersByTimeAsync(0);
    asked[2]?.answer(anAnswer([aHit(7)]));
    await running;
    expect(asked.map(({ question }) => question.after)).toEqual([undefined, 'first', 'second']);
    expect(search.answer?.hits).toHaveLength(1);
  });

  it('is dropped when it comes after another search', async () => {
    const server = aServer();
    await find(server, 'cough', anAnswer([aHit(1)], 'cursor'));
    const loading = server.search.more();
    await find(server, 'fever', anAnswer([aHit(9)]));
    server.asked[1]?.answer(anAnswer([aHit(2)]));
    expect(await loading).toBeNull();
    expect(server.search.answer?.hits.map(({ page }) => page)).toEqual([9]);
    expect(server.search.isLoadingMore).toBe(false);
  });

  it('leaves what is there when it fails', async () => {
    const server = aServer();
    const { asked, search } = server;
    await find(server, 'cough', anAnswer([aHit(1)], 'cursor'));
    const loading = search.more();
    asked[1]?.refuse(new Problem(503, 'unavailable', '', null, null));
    await loading;
    expect(search.answer?.hits).toHaveLength(1);
    expect(search.moreProblem).toBeInstanceOf(Problem);
    const again = search.more();
    expect(search.moreProblem).toBeNull();
    asked[2]?.answer(anAnswer([aHit(2)]));
    await again;
    expect(search.answer?.hits).toHaveLength(2);
  });
});

describe('what was found', () => {
  it('is marked on the page that was opened from it, as the same run read it', async () => {
    const server = aServer();
    const { search } = server;
    await find(server, 'cough', anAnswer([aHit(1), aHit(2)]));
    expect(search.boxesOn('document-1', 1, 'task-1')).toEqual([]);
    search.opened = search.answer?.hits[0] ?? null;
    expect(search.boxesOn('document-1', 1, 'task-1')).toEqual(aHit(1).boxes);
    expect(search.boxesOn('document-1', 2, 'task-1')).toHaveLength(1);
    expect(search.boxesOn('document-1', 1, 'task-2')).toEqual([]);
    expect(search.boxesOn('document-1', 3, 'task-1')).toEqual([]);
    expect(search.boxesOn('document-2', 1, 'task-1')).toEqual([]);
  });

  it('has no deleted document in it, and nothing at all for another person', async () => {
    const server = aServer();
    const { search } = server;
    await find(server, 'cough', anAnswer([aHit(1), aHit(4, { document: { id: 'document-2', name: 'b', owner: { id: 'user-1', name: null } } })]));
    search.opened = search.answer?.hits[0] ?? null;
    search.forget('document-1');
    expect(search.answer?.hits.map(({ page }) => page)).toEqual([4]);
    expect([search.answer?.total.pages, search.opened]).toEqual([1, null]);
    search.from = '2026-03-14';
    search.clear();
    expect([search.query, search.from, search.answer, await search.more()]).toEqual(['', '', null, null]);
  });

  it('has its marks cut out, in UTF-16 units, whatever they are', () => {
    const cut = (text: string, ...marks: [number, number][]) =>
      cutSnippet({ text, marks }).map(({ text, isHit }) => (isHit ? `[${text}]` : text)).join('');
    expect(cut('a dry cough', [6, 11], [0, 1])).toBe('[a] dry [cough]');
    expect(cut('😀 cough', [3, 8])).toBe('😀 [cough]');
    expect(cut('cough', [0, 3], [2, 4])).toBe('[cou][g]h');
    expect(cut('cough', [2, 99], [50, 60])).toBe('co[ugh]');
    expect(cut('cough', [3, 2], [-4, 1])).toBe('[c]ough');
    expect(cut('cough')).toBe('cough');
  });

  it('is shown as a part of its page that has the hit in it', () => {
    const around = (x: number, y: number, width = 90, height = 30) => cropAround(aHit(1, { boxes: [{ x, y, width, height }] }));
    const middle = around(800, 1000);
    expect([middle.x + middle.width / 2, middle.y + middle.height / 2]).toEqual([845, 1015]);
    expect(around(0, 0)).toMatchObject({ x: 0, y: 0 });
    const corner = around(1510, 1970);
    expect([corner.x + corner.width, corner.y + corner.height]).toEqual([1600, 2000]);
    for (const part of [middle, corner, around(10, 900, 1590, 30), around(700, 10, 30, 1980)]) {
      expect(part.width / part.height).toBeCloseTo(CROP_SHAPE);
      expect(Math.min(part.x, part.y)).toBeGreaterThanOrEqual(0);
      expect([part.x + part.width <= 1600, part.y + part.height <= 2000]).toEqual([true, true]);
    }
    expect(cropAround(aHit(1, { boxes: [] })).y).toBe(0);
  });

  it('is found again among the words of the page', () => {
    const word = (left: number, right: number) =>
      ({ text: 'w', confidence: 1, box: [left, 200, right, 230] as [number, number, number, number], line: 0, block: 0, is_doubtful: false });
    expect(findWords([word(0, 90), word(98, 192), word(200, 290)], aHit(1).boxes)).toEqual([1]);
    expect(findWords([word(0, 90)], [])).toEqual([]);
  });
});

describe('the words about a search', () => {
  it('say how many pages there are, no more exactly than that is known', () => {
    const total = (pages: number, is_exact: boolean) => searchWords.total({ ...anAnswer([]), total: { pages, is_exact } });
    expect([total(0, true), total(1, true), total(12, true), total(200, false)]).toEqual([
      'No page has these words', '1 page', '12 pages', 'About 200 pages',
    ]);
    const soFar = (pages: number, next: string | null) =>
      searchWords.total({ ...anAnswer([], next), total: { pages, is_exact: false }, is_complete: false });
    expect([soFar(0, null), soFar(12, null), soFar(200, 'cursor')]).toEqual(['No page so far', '12 pages so far', 'About 200 pages']);
  });

  it('say how the question was understood when that is not plain', () => {
    const term = (text: string, kind: 'word' | 'prefix' | 'phrase' = 'word', excluded = false) => ({ text, kind, excluded });
    expect(searchWords.understood([term('cough'), term('fever')])).toBe('');
    expect(searchWords.understood([term('pneum', 'prefix'), term('dry cough', 'phrase'), term('draft', 'word', true)])).toBe(
      'Looked for pneum…, “dry cough”, without draft',
    );
  });
});

describe('the search', () => {
  it('has an address that says nothing of what is looked for', () => {
    expect(parsePath('/search')).toEqual({ screen: 'search' });
    expect(parsePath('/search/cough')).toEqual({ screen: 'nowhere' });
  });

  it('begins with a slash, on every keyboard, but not while somebody types', () => {
    const key = (more = {}) => isSearchKey({ key: '/', target: null, ...more } as unknown as KeyboardEvent);
    expect([key(), key({ shiftKey: true })]).toEqual([true, true]);
    expect([key({ ctrlKey: true }), key({ key: 's' }), key({ target: { closest: () => ({}) } })]).toEqual([false, false, false]);
  });
});
