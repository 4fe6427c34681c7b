import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../api/client';
import { Problem, Unreachable } from '../api/problem';
import type { SessionAnswer } from '../api/types';
import { Session } from './session.svelte';

const MINUTE = 60_000;
const answer = (login = 'ada'): SessionAnswer => ({
  user: { id: login, login, role: 'user' },
  expires_at: new Date(Date.now() + 8 * 60 * MINUTE).toISOString(),
  must_enrol: false,
});
const over = () => new Problem(401, 'not_logged_in', '', null, null);

function aSession() {
  const api = new Api();
  const calls = {
    readSession: vi.spyOn(api, 'readSession').mockImplementation(async () => answer()),
    refreshSession: vi.spyOn(api, 'refreshSession').mockImplementation(async () => answer()),
    logIn: vi.spyOn(api, 'logIn').mockImplementation(async (login) => answer(login)),
    logOut: vi.spyOn(api, 'logOut').mockResolvedValue(undefined),
  };
  const session = new Session(api);
  return { api, session, ...calls };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the session', () => {
  it('renews itself every few minutes while somebody is there', async () => {
    const { session, refreshSession } = aSession();
    await session.logIn('ada', 'x');
    for (let minute = 0; minute < 60; minute += 1) {
      session.touch();
      await vi.advanceTimersByTimeAsync(MINUTE);
    }
    expect(refreshSession.mock.calls.length).toBeGreaterThanOrEqual(12);
    expect(refreshSession.mock.calls.length).toBeLessThanOrEqual(15);
  });

  it('renews a token of unknown age soon', async () => {
    const { session, refreshSession } = aSession();
    await session.start();
    expect(session.isFresh).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(refreshSession).toHaveBeenCalledTimes(1);
    expect(session.isFresh).toBe(true);
    await session.freshen();
    expect(refreshSession).toHaveBeenCalledTimes(1);
  });

  it('is left to end while nobody is there, and asked for at once when somebody comes back', async () => {
    const { session, refreshSession } = aSession();
    await session.logIn('ada', 'x');
    await vi.advanceTimersByTimeAsync(16 * MINUTE);
    expect(session.isAway).toBe(true);
    refreshSession.mockClear();
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(refreshSession).not.toHaveBeenCalled();
    session.touch();
    session.touch();
    expect(session.isAway).toBe(false);
    expect(refreshSession).toHaveBeenCalledTimes(1);
  });

  it('renews once for many who ask at the same time', async () => {
    const { session, refreshSession } = aSession();
    await session.start();
    const answers = await Promise.all([session.renew(), session.renew(), session.renew()]);
    expect(answers).toEqual([true, true, true]);
    expect(refreshSession).toHaveBeenCalledTimes(1);
  });

  it('says that it ended by itself, forgets what was read, and keeps the person in mind', async () => {
    const { session, refreshSession } = aSession();
    await session.start();
    session.onLeave = vi.fn();
    session.onChange = vi.fn();
    refreshSession.mockRejectedValue(over());
    expect(await session.renew()).toBe(false);
    expect(session.state).toBe('out');
    expect(session.endedByItself).toBe(true);
    expect(session.onLeave).toHaveBeenCalledTimes(1);
    await session.logIn('ada', 'x');
    expect(session.onChange).not.toHaveBeenCalled();
    await session.logIn('eve', 'x');
    expect(session.onChange).toHaveBeenCalledTimes(1);
  });

  it('stays when only the network is away', async () => {
    const { session, refreshSession } = aSession();
    await session.start();
    refreshSession.mockRejectedValueOnce(new Unreachable());
    expect(await session.renew()).toBe(false);
    expect(session.state).toBe('in');
    session.touch();
    expect(refreshSession).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(16_000);
    expect(refreshSession).toHaveBeenCalledTimes(2);
  });

  it('does not come back to life when the answer to a renewal comes after the logout', async () => {
    const { session, refreshSession } = aSession();
    await session.start();
    let finish = (_: SessionAnswer) => {};
    refreshSession.mockImplementationOnce(() => new Promise((resolve) => (finish = resolve)));
    const renewal = session.renew();
    await vi.advanceTimersByTimeAsync(0);
    await session.logOut();
    finish(answer());
    expect(await renewal).toBe(false);
    expect(session.state).toBe('out');
    expect(session.user).toBeNull();
  });

  it('starts at the login when there is no session, and says when the server is away', async () => {
    const { session, readSession, refreshSession } = aSession();
    readSession.mockRejectedValue(over());
    refreshSession.mockRejectedValue(over());
    await session.start();
    expect(session.state).toBe('out');
    expect(session.endedByItself).toBe(false);
    const away = aSession();
    away.readSession.mockRejectedValue(new Unreachable());
    await away.session.start();
    expect(away.session.state).toBe('unreachable');
    away.readSession.mockRejectedValue(over());
    away.refreshSession.mockRejectedValue(over());
    await away.session.start();
    expect(away.session.state).toBe('out');
  });
});

describe('the client', () => {
  it('renews once on 401 and sends again', async () => {
    const api = new Api();
    const answers = [new Response('{"code":"not_logged_in"}', { status: 401 }), new Response('{"documents":[],"next":null}')];
    const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => answers.shift() as Response);
    api.renewSession = vi.fn(async () => true);
    expect(await api.listDocuments()).toEqual({ documents: [], next: null });
    expect(api.renewSession).toHaveBeenCalledTimes(1);
    expect(fetched).toHaveBeenCalledTimes(2);
    fetched.mockRestore();
  });

  it('turns an answer into a problem that says what to do, and silence into another', async () => {
    const api = new Api();
    const body = JSON.stringify({ code: 'too_many_attempts', detail: 'wait', request_id: 'r1' });
    const fetched = vi
      .spyOn(globalThis, 'fetch')
      .mockImplementationOnce(async () => new Response(body, { status: 429, headers: { 'Retry-After': '30' } }))
      .mockImplementationOnce(async () => new Response('<html>', { status: 502 }))
      .mockImplementationOnce(() => Promise.reject(new TypeError('network')));
    await expect(api.logIn('a', 'b')).rejects.toMatchObject({ code: 'too_many_attempts', detail: 'wait', requestId: 'r1', retryAfterSeconds: 30 });
    await expect(api.logIn('a', 'b')).rejects.toMatchObject({ status: 502, code: 'http_502' });
    await expect(api.logIn('a', 'b')).rejects.toBeInstanceOf(Unreachable);
    fetched.mockRestore();
  });
});
