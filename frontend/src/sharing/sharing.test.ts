import { describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import type { Share, Shareable } from '../api/sharing';
import { aDocument } from '../documents/fixtures';
import { holds } from '../documents/shelf';
import { Sharing } from './sharing.svelte';

const LETTER: Shareable = { kind: 'documents', id: 'letter', name: 'letter.pdf' };
const SHARE: Share = {
  id: 'share-1',
  with: { kind: 'person', id: 'user-2', name: 'bob' },
  right: 'correct',
  created_at: '2026-11-22T10:00:00Z',
  ends_at: null,
  paused_until: null,
};

const folder = (id: string, parent: string | null) => ({ id, parent, name: id, colour: '#000000', owner: { id: 'user-2', name: 'bob' }, right: 'read' });

function over(answer: unknown) {
  const call = vi.fn(async (..._: unknown[]) => answer);
  return { call, sharing: new Sharing({ call } as unknown as Api) };
}

describe('what is shared', () => {
  it('is listed by the folder that it lies in', async () => {
    const { sharing } = over({ folders: [folder('ward', null), folder('inner', 'ward'), folder('other', null)] });
    await sharing.load();
    expect(sharing.inside(null).map(({ id }) => id)).toEqual(['other', 'ward']);
    expect(sharing.inside('ward').map(({ id }) => id)).toEqual(['inner']);
    sharing.clear();
    expect(sharing.folders).toEqual([]);
  });

  it('is paused with the same right, for a day', async () => {
    const { sharing, call } = over(SHARE);
    await sharing.pause(LETTER, SHARE, true);
    const [method, path, wish] = call.mock.calls[0] ?? [];
    expect([method, path]).toEqual(['POST', '/documents/letter/shares']);
    expect(wish).toMatchObject({ login: 'bob', right: 'correct', ends_at: null });
    const until = Date.parse((wish as { paused_until: string }).paused_until);
    expect(Math.abs(until - Date.now() - 24 * 3_600_000)).toBeLessThan(60_000);
    await sharing.pause(LETTER, SHARE, false);
    expect(call.mock.calls[1]?.[2]).toMatchObject({ paused_until: null });
  });

  it('never stands among one’s own', () => {
    const theirs = aDocument({ owner: { id: 'user-2', name: 'bob' }, right: 'read', folder: 'ward' });
    expect(holds({ kind: 'all' }, theirs)).toBe(false);
    expect(holds({ kind: 'folder', id: 'ward' }, theirs)).toBe(false);
    expect(holds({ kind: 'shared', id: null }, theirs)).toBe(true);
    expect(holds({ kind: 'shared', id: 'ward' }, theirs)).toBe(true);
    expect(holds({ kind: 'shared', id: 'other' }, theirs)).toBe(false);
    expect(holds({ kind: 'shared', id: null }, aDocument())).toBe(false);
    expect(holds({ kind: 'shared', id: null }, theirs, new Set(['user-2']))).toBe(false);
  });
});
