import { describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import type { Folder, FolderWish } from '../api/filing';
import { Problem } from '../api/problem';
import { aFolder } from '../filing/fixtures';
import { folders as folderActs } from '../words/en/acts';
import { daysOfYears, formatPeriod, yearsOfDays } from '../words/format';
import { DEEPEST, Folders } from './folders.svelte';

/** Cases > Closed > 2019, and Bills. */
const TREE = [
  aFolder('cases', { retention: { keep_days: 3653, delete_days: null } }),
  aFolder('closed', { parent: 'cases' }),
  aFolder('2019', { parent: 'closed', retention: { keep_days: null, delete_days: 30 } }),
  aFolder('Bills'),
];

function aServer(list: Folder[] = TREE) {
  return {
    listFolders: vi.fn(async () => list),
    makeFolder: vi.fn(async (wish: FolderWish) => aFolder('new', { name: wish.name ?? '', parent: wish.parent ?? null })),
    changeFolder: vi.fn(async () => undefined),
    removeFolder: vi.fn(async () => undefined),
  };
}

async function over(server: ReturnType<typeof aServer>) {
  const folders = new Folders(server as unknown as Api);
  await folders.load();
  return folders;
}

const names = (folders: Folder[]) => folders.map(({ id }) => id);

describe('folders', () => {
  it('are a tree, by name, however the server lists them', async () => {
    const folders = await over(aServer([...TREE].reverse()));
    expect(folders.tree.map(({ folder, depth }) => [folder.id, depth])).toEqual([['Bills', 0], ['cases', 0], ['closed', 1], ['2019', 2]]);
    expect(names(folders.pathTo('2019'))).toEqual(['cases', 'closed', '2019']);
    expect(names(folders.inside('cases'))).toEqual(['closed']);
    expect(folders.pathTo('none')).toEqual([]);
  });

  it('go into any other one, but not into themselves', async () => {
    const folders = await over(aServer());
    const places = (id: string | null) => folders.placesFor(id).map(({ folder }) => folder.id);
    expect(places('cases')).toEqual(['Bills']);
    expect(places('closed')).toEqual(['Bills', 'cases']);
    expect(places('Bills')).toEqual(['cases', 'closed', '2019']);
    expect(places(null)).toHaveLength(4);
  });

  it('lie no deeper than the server takes, with what is in them', async () => {
    const chain = Array.from({ length: DEEPEST }, (_, depth) => aFolder(`f${depth}`, { parent: depth === 0 ? null : `f${depth - 1}` }));
    const folders = await over(aServer([...chain, aFolder('high'), aFolder('low', { parent: 'high' })]));
    const deepest = (id: string | null) => Math.max(...folders.placesFor(id).map(({ depth }) => depth));
    expect(deepest(null)).toBe(DEEPEST - 2);
    expect(deepest('high')).toBe(DEEPEST - 3);
  });

  it('have the rule of their own, or of the nearest above', async () => {
    const folders = await over(aServer());
    const rule = (id: string) => folders.ruleOf(id)?.of.id;
    expect([rule('cases'), rule('closed'), rule('2019'), rule('Bills')]).toEqual(['cases', 'cases', '2019', undefined]);
  });

  it('are unfolded while they are few, else only on the way to the open one', async () => {
    const few = await over(aServer());
    expect(few.isUnfolded('cases', null)).toBe(true);
    few.unfold('cases', false);
    expect(few.isUnfolded('cases', null)).toBe(false);
    const many = await over(aServer([...TREE, ...Array.from({ length: 50 }, (_, at) => aFolder(`f${at}`))]));
    expect([many.isUnfolded('cases', null), many.isUnfolded('cases', '2019'), many.isUnfolded('2019', '2019')]).toEqual([false, true, false]);
  });

  it('show a new one where it was made, and keep their own when making fails', async () => {
    const server = aServer();
    const folders = await over(server);
    folders.unfold('cases', false);
    await folders.make({ name: 'Open', parent: 'cases' });
    expect(folders.isUnfolded('cases', null)).toBe(true);
    server.makeFolder.mockRejectedValue(new Problem(409, 'name_taken', 'taken', null, null));
    await expect(folders.make({ name: 'Open' })).rejects.toThrow('name_taken');
    expect(folders.list).toHaveLength(4);
  });

  it('drop an answer that was asked for by somebody else', async () => {
    const folders = new Folders(aServer() as unknown as Api);
    const loading = folders.load();
    folders.clear();
    await loading;
    expect([folders.list.length, folders.hasLoaded]).toEqual([0, false]);
  });
});

describe('the words about a folder', () => {
  it('say what its end means for what is in it', () => {
    const [cases] = TREE as [Folder];
    const say = folderActs.removeText;
    expect(say(aFolder('Bills'), 0, undefined)).toBe('“Bills” goes. It is empty.');
    expect(say({ ...cases, documents: 3 }, 1, undefined)).toBe(
      '“cases” goes. No document is deleted: what is in it (3 documents and 1 folder) moves to the top, outside any folder. Its rule goes too: documents are no longer kept at least 10 years.',
    );
    expect(say(aFolder('a', { documents: 1 }), 0, cases)).toContain('(1 document) moves to “cases”');
  });

  it('count years so that none ends too early', () => {
    expect([1, 4, 10].map(daysOfYears)).toEqual([366, 1461, 3653]);
    expect([366, 365, 3653, 30].map(yearsOfDays)).toEqual([1, null, 10, null]);
    for (let years = 1; years < 100; years += 1) expect(yearsOfDays(daysOfYears(years))).toBe(years);
    expect([1, 30, 366, 3653].map(formatPeriod)).toEqual(['1 day', '30 days', '1 year', '10 years']);
  });
});
