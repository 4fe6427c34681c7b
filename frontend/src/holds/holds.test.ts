import { describe, expect, it, vi } from 'vitest';

import { NotProved, Proof } from '../account/proof.svelte';
import type { Api } from '../api/client';
import type { LegalHold } from '../api/holds';
import { Problem } from '../api/problem';
import { Holds } from './holds.svelte';

const [ANNA, LETTER] = ['0192f000-0000-7000-8000-0000000000aa', '0192f000-0000-7000-8000-0000000000bb'];
const HOLD: LegalHold = { id: 'hold-1', reference: 'AZ 12/26', user: ANNA, set_by: 'admin-1', created_at: '2026-11-22T10:00:00Z' };

/** A server that wants a proof while `isStale`; what is set and lifted is gone from, or in, its next answer. */
function aServer(held: LegalHold[] = []) {
  const server = { isStale: false, hasFactor: false, held, next: null as string | null };
  const call = vi.fn(async (method: string, path: string, body?: Record<string, string>): Promise<unknown> => {
    if (path === '/account') return { second_factor: server.hasFactor ? { since: '', recovery_codes: 10 } : null };
    if (path === '/users') return { users: [{ id: ANNA, login: 'anna', disabled_at: null }] };
    if (path === '/session/step-up') {
      server.isStale = false;
      return { user: {}, expires_at: '', must_enrol: false };
    }
    if (method !== 'GET' && server.isStale) throw new Problem(403, 'step_up_required', 'prove who you are', null, null);
    if (method === 'POST') server.held = [{ ...HOLD, ...body, id: 'hold-2' } as LegalHold, ...server.held];
    if (method === 'DELETE') server.held = server.held.filter(({ id }) => !path.endsWith(id));
    return { legal_holds: server.held, next: server.next };
  });
  const renewed = vi.fn();
  const api = { call } as unknown as Api;
  const proof = new Proof(api, renewed);
  return { server, call, renewed, proof, holds: new Holds(api, proof) };
}

describe('legal holds', () => {
  it('are listed with the logins of people', async () => {
    const { holds } = aServer([HOLD]);
    await holds.load();
    expect(holds.list).toEqual([HOLD]);
    expect(holds.nameOf(ANNA)).toBe('anna');
    expect(holds.nameOf('somebody-else')).toBe('somebody-else');
  });

  it('go on behind the last one that was loaded', async () => {
    const { holds, server, call } = aServer([HOLD]);
    server.next = 'hold-1';
    await holds.load();
    server.next = null;
    server.held = [{ ...HOLD, id: 'hold-0' }];
    await holds.loadMore();
    expect(call).toHaveBeenCalledWith('GET', '/legal-holds?before=hold-1');
    expect(holds.list.map(({ id }) => id)).toEqual(['hold-1', 'hold-0']);
    expect(holds.next).toBeNull();
  });

  it('name one thing: by login, or by the number that stands in an address', async () => {
    const { holds } = aServer();
    await holds.load();
    expect(holds.find('user', ' anna ')).toEqual({ user: ANNA });
    expect(holds.find('user', 'ann')).toBeNull();
    expect(holds.find('document', `https://untxt.example/documents/${LETTER}/pages/3`)).toEqual({ document: LETTER });
    expect(holds.find('team', LETTER.toUpperCase())).toEqual({ team: LETTER });
    expect(holds.find('document', 'letter.pdf')).toBeNull();
  });

  it('are set after a fresh proof, once', async () => {
    const { holds, server, proof, renewed, call } = aServer();
    server.isStale = true;
    const setting = holds.set('AZ 12/26', { user: ANNA });
    await vi.waitFor(() => expect(proof.asked).toBe('password'));
    expect(server.held).toEqual([]);
    await proof.prove('right');
    await setting;
    expect(call).toHaveBeenCalledWith('POST', '/session/step-up', { password: 'right' });
    expect(renewed).toHaveBeenCalledOnce();
    expect(proof.asked).toBeNull();
    expect(holds.list.map(({ reference, user }) => [reference, user])).toEqual([['AZ 12/26', ANNA]]);
  });

  it('ask for a code where there is a second factor', async () => {
    const { holds, server, proof, call } = aServer([HOLD]);
    Object.assign(server, { isStale: true, hasFactor: true });
    const lifting = holds.lift(HOLD);
    await vi.waitFor(() => expect(proof.asked).toBe('code'));
    await proof.prove('123456');
    await lifting;
    expect(call).toHaveBeenCalledWith('POST', '/session/step-up', { code: '123456' });
    expect(holds.list).toEqual([]);
  });

  it('stay as they are when no proof is given', async () => {
    const { holds, server, proof } = aServer([HOLD]);
    server.isStale = true;
    const lifting = holds.lift(HOLD);
    await vi.waitFor(() => expect(proof.asked).not.toBeNull());
    proof.refuse();
    await expect(lifting).rejects.toBeInstanceOf(NotProved);
    expect(server.held).toEqual([HOLD]);
    expect(proof.asked).toBeNull();
  });

  it('keep what went wrong, until it goes well', async () => {
    const { holds, call } = aServer([HOLD]);
    call.mockRejectedValueOnce(new Problem(403, 'not_allowed', 'ask an administrator', null, null));
    await holds.load();
    expect(holds.problem).toBeInstanceOf(Problem);
    expect(holds.hasLoaded).toBe(false);
    await holds.load();
    expect(holds.problem).toBeNull();
  });
});
