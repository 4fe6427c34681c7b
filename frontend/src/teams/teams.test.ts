import { describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { Member } from '../api/teams';
import { aDocument } from '../documents/fixtures';
import { parsePath, teamPath } from '../navigation/navigation.svelte';
import { TeamPage } from './team.svelte';
import { Teams } from './teams.svelte';

const CREATED = '2026-11-22T10:00:00Z';
const aMember = (login: string, is_manager = false): Member => ({ id: `id of ${login}`, login, is_manager, created_at: CREATED });

/** A server with one team. */
function aServer(members = [aMember('ida'), aMember('hanna', true), aMember('bert')]) {
  const server = { members, isGone: false, next: null as string | null };
  const call = vi.fn(async (method: string, path: string): Promise<unknown> => {
    if (server.isGone) throw new Problem(404, 'team_not_found', 'check its name', null, null);
    if (method === 'DELETE') server.members = server.members.filter(({ id }) => !path.endsWith(encodeURIComponent(id)));
    return { id: 'ward', name: 'Ward', is_manager: true, created_at: CREATED, members: server.members };
  });
  const listDocuments = vi.fn(async (before: string | null) => ({
    documents: [aDocument({ id: before === null ? 'letter' : 'older' })],
    next: before === null ? server.next : null,
  }));
  return { server, call, listDocuments, page: new TeamPage({ call, listDocuments } as unknown as Api, 'ward') };
}

describe('teams', () => {
  it('are listed by name', async () => {
    const call = vi.fn(async () => ({ teams: [{ name: 'Ward' }, { name: 'Archive' }] }));
    const teams = new Teams({ call } as unknown as Api);
    await teams.load();
    expect(teams.list.map(({ name }) => name)).toEqual(['Archive', 'Ward']);
  });

  it('have an address', () => {
    expect(parsePath('/teams')).toEqual({ screen: 'teams' });
    expect(parsePath(teamPath('0192-ward'))).toEqual({ screen: 'team', id: '0192-ward' });
  });
});

describe('a team', () => {
  it('shows its managers first', async () => {
    const { page } = aServer();
    await page.load();
    expect(page.members.map(({ login }) => login)).toEqual(['hanna', 'bert', 'ida']);
  });

  it('lists its documents, and the older ones behind them', async () => {
    const { page, server, listDocuments } = aServer();
    server.next = 'letter';
    await page.load();
    await page.loadMore();
    expect(listDocuments).toHaveBeenLastCalledWith('letter', { team: 'ward' });
    expect(page.documents.map(({ id }) => id)).toEqual(['letter', 'older']);
    expect(page.next).toBeNull();
  });

  it('takes somebody in, gives another role, and takes out', async () => {
    const { page, call } = aServer();
    await page.load();
    await page.add('carl', true);
    expect(call).toHaveBeenCalledWith('POST', '/teams/ward/members', { login: 'carl', is_manager: true });
    await page.change(aMember('ida'), true);
    expect(call).toHaveBeenCalledWith('PUT', '/teams/ward/members/id%20of%20ida', { is_manager: true });
    await page.remove(aMember('bert'));
    expect(page.members.map(({ login }) => login)).toEqual(['hanna', 'ida']);
  });

  it('is gone for whoever does not belong to it', async () => {
    const { page, server } = aServer();
    server.isGone = true;
    await page.load();
    expect([page.isGone, page.team, page.problem]).toEqual([true, null, null]);
  });

  it('stays on the screen when a change is refused', async () => {
    const { page, call } = aServer();
    await page.load();
    call.mockRejectedValueOnce(new Problem(409, 'last_manager', 'make somebody else a manager first', null, null));
    await expect(page.remove(aMember('hanna', true))).rejects.toBeInstanceOf(Problem);
    expect(page.members).toHaveLength(3);
  });

  it('drops an answer that comes after a newer one', async () => {
    const { page, call } = aServer();
    let late: (answer: unknown) => void = () => {};
    call.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
    const first = page.load();
    await page.load();
    late({ id: 'ward', name: 'Old name', is_manager: true, created_at: CREATED, members: [] });
    await first;
    expect(page.team?.name).toBe('Ward');
  });
});
