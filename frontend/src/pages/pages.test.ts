import { describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import type { PageContent, Word } from '../api/types';
import { parsePath } from '../navigation/navigation.svelte';
import { arrange } from './arrange';
import { Comparison } from './comparison.svelte';
import { findDifferences } from './differences';
import { turnOf } from './keys';
import { PageView } from './page_view.svelte';

const word = (text: string, line: number, block: number, is_doubtful = false): Word =>
  ({ text, line, block, confidence: 0.9, box: [0, 0, 1, 1], is_doubtful });
const content = (page: number): PageContent => ({
  page,
  task: 'task-1',
  width: 10,
  height: 10,
  dpi: 300,
  rotation_applied: 0,
  mean_confidence: 0.8,
  words: [word('a', 0, 0, true), word('b', 0, 0), word('c', 1, 1, true)],
  text: 'a b\n\nc',
  engine: 'test',
});

describe('a page', () => {
  it('groups its words into blocks of lines, in reading order', () => {
    const blocks = arrange([word('a', 0, 0), word('b', 0, 0), word('c', 1, 0), word('d', 2, 1)]);
    expect(blocks.map((block) => block.map((line) => line.map(({ text, index }) => text + index)))).toEqual([
      [['a0', 'b1'], ['c2']],
      [['d3']],
    ]);
    expect(arrange([])).toEqual([]);
  });

  it('is the one that was asked for last, however late the others come', async () => {
    const open = new Map<number, (content: PageContent) => void>();
    const api = { loadPage: (_: string, page: number) => new Promise<PageContent>((resolve) => open.set(page, resolve)) };
    const view = new PageView(api as unknown as Api);
    const first = view.show('d', 1);
    const second = view.show('d', 2);
    open.get(2)?.(content(2));
    open.get(1)?.(content(1));
    await Promise.all([first, second]);
    expect(view.content?.page).toBe(2);
    expect(view.isLoading).toBe(false);
  });

  it('jumps through its doubtful words, around both ends', async () => {
    const view = new PageView({ loadPage: vi.fn(async () => content(1)) } as unknown as Api);
    await view.show('d', 1);
    expect(view.doubtful).toEqual([0, 2]);
    const seen = [1, 1, 1, -1].map((step) => {
      view.jump(step as 1 | -1);
      return view.chosen;
    });
    expect(seen).toEqual([0, 2, 0, 2]);
  });

  it('marks what was looked for, and jumps through that too', async () => {
    const boxesOn = vi.fn(() => [{ x: 0, y: 0, width: 1, height: 1 }]);
    const view = new PageView({ loadPage: async () => content(1) } as unknown as Api, boxesOn);
    expect([view.boxes, view.hits]).toEqual([[], []]);
    await view.show('d', 1);
    expect(view.hits).toEqual([0, 1, 2]);
    expect(boxesOn).toHaveBeenLastCalledWith('d', 1, 'task-1');
    view.jump(-1, 'hits');
    expect(view.chosen).toBe(2);
    view.jump(1, 'hits');
    expect(view.chosen).toBe(0);
    view.clear();
    expect(view.hits).toEqual([]);
  });

  it('can be tried again after a problem', async () => {
    const loadPage = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue(content(1));
    const view = new PageView({ loadPage } as unknown as Api);
    await view.show('d', 1);
    expect(view.problem).not.toBeNull();
    await view.show('d', 1);
    await view.show('d', 1);
    expect(view.content?.page).toBe(1);
    expect(loadPage).toHaveBeenCalledTimes(2);
  });
});

describe('two results of a page', () => {
  const split = (text: string) => text.split('').filter(Boolean);
  const marked = (one: string, other: string) =>
    findDifferences(split(one), split(other)).map((differs, side) => split([one, other][side] ?? '').filter((_, at) => differs[at]).join(''));

  it('differ in what only one of them has', () => {
    expect(marked('abcdef', 'abXdef')).toEqual(['c', 'X']);
    expect(marked('abc', 'abc')).toEqual(['', '']);
    expect(marked('', 'abc')).toEqual(['', 'abc']);
    expect(marked('abcabc', 'abc')).toEqual(['abc', '']);
    expect(marked('the cat', 'a cat sat').map((text) => text.length)).toEqual([3, 5]);
  });

  it('are not compared word by word when that would take too long', () => {
    const long = Array.from({ length: 3000 }, (_, at) => String(at));
    const [one] = findDifferences(['a', ...long, 'z'], ['a', ...[...long].reverse(), 'z']);
    expect([one[0], one[1], one.at(-2), one.at(-1)]).toEqual([false, true, true, false]);
  });

  it('stand in the order in which they were made', async () => {
    const loadResult = vi.fn(async () => ({ ...content(1), task: 'task-2' }));
    const comparison = new Comparison({ loadResult } as unknown as Api);
    const other = { task: 'task-2', mean_confidence: 0.5, is_newer: true, is_undecided: true };
    await comparison.open('d', content(1), other);
    expect(comparison.results.map(({ isNewer, isShown, content: { task } }) => [isNewer, isShown, task])).toEqual([
      [false, true, 'task-1'],
      [true, false, 'task-2'],
    ]);
    const late = comparison.open('d', { ...content(1), task: 'task-2' }, { ...other, task: 'task-1', is_newer: false });
    comparison.close();
    await late;
    expect(comparison.results).toEqual([]);
  });

  it('follow each other without an empty page in between', async () => {
    let task = 'task-1';
    const view = new PageView({ loadPage: async () => ({ ...content(1), task }) } as unknown as Api);
    await view.show('d', 1, 'task-1');
    task = 'task-2';
    const showing = view.show('d', 1, 'task-2');
    expect(view.content?.task).toBe('task-1');
    await showing;
    expect(view.content?.task).toBe('task-2');
  });
});

describe('keys and addresses', () => {
  const key = (name: string, more = {}) => turnOf({ key: name, target: null, ...more } as unknown as KeyboardEvent);

  it('turn pages, unless the browser means something else by them', () => {
    expect([key('j'), key('ArrowRight'), key('k'), key('ArrowLeft')]).toEqual(['next', 'next', 'previous', 'previous']);
    expect([key('n'), key('N', { shiftKey: true }), key('h'), key('H', { shiftKey: true })]).toEqual([
      'next_doubt', 'previous_doubt', 'next_hit', 'previous_hit',
    ]);
    expect(key('ArrowLeft', { altKey: true })).toBeNull();
    expect(key('ArrowRight', { shiftKey: true })).toBeNull();
    expect(key('j', { target: { closest: () => ({}) } })).toBeNull();
  });

  it('are read from the path', () => {
    expect(parsePath('/')).toEqual({ screen: 'documents', shelf: { kind: 'all' } });
    expect(parsePath('/documents/0192-ab')).toEqual({ screen: 'document', id: '0192-ab', page: 1 });
    expect(parsePath('/documents/0192-ab/pages/12')).toEqual({ screen: 'document', id: '0192-ab', page: 12 });
    expect(parsePath('/documents/a/pages/0')).toEqual({ screen: 'nowhere' });
    expect(parsePath('/elsewhere')).toEqual({ screen: 'nowhere' });
  });
});
