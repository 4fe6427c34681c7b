import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { theEvents } from '../documents/fixtures';
import { Announcer } from './announcer.svelte';
import { Live, type Socket } from './live.svelte';

class FakeSocket {
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((close: { code: number }) => void) | null = null;
  isClosed = false;
  close() {
    this.isClosed = true;
  }
  say(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  drop(code = 1006) {
    this.onclose?.({ code });
  }
}

function aLive({ busy = false } = {}) {
  const sockets: FakeSocket[] = [];
  const listener = { hear: vi.fn(), hearPlaces: vi.fn(), hearChange: vi.fn(), resync: vi.fn(), ended: vi.fn(), isBusy: () => busy };
  const live = new Live(listener, () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket as unknown as Socket;
  });
  const last = () => sockets.at(-1) as FakeSocket;
  return { live, listener, sockets, last };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the live connection', () => {
  it('hands on events and survives rubbish', () => {
    const { live, listener, last } = aLive();
    live.start();
    last().say({ type: 'hello', user: 'u' });
    expect(live.state).toBe('live');
    last().onmessage?.({ data: 'not json' });
    last().say({ type: 'something new' });
    last().say(theEvents()[0]);
    last().say({ type: 'places', places: {} });
    last().say({ type: 'places' });
    last().say({ type: 'document', document: 'document-1', change: 'trashed' });
    expect(listener.hearPlaces).toHaveBeenCalledExactlyOnceWith({});
    expect(listener.hearChange).toHaveBeenCalledExactlyOnceWith('document-1', 'trashed');
    expect(listener.hear).toHaveBeenCalledTimes(1);
    expect(listener.resync, 'for what happened before it was live').toHaveBeenCalledTimes(1);
  });

  it('asks for what it missed after it was away, and when told to', async () => {
    const { live, listener, last, sockets } = aLive();
    live.start();
    last().say({ type: 'hello' });
    last().drop(1001);
    expect(live.state).toBe('retrying');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(2);
    last().say({ type: 'hello' });
    expect(listener.resync).toHaveBeenCalledTimes(2);
    last().say({ type: 'resync' });
    expect(listener.resync).toHaveBeenCalledTimes(3);
  });

  it('polls after three failures, says so, and stops when it is back', async () => {
    const { live, listener, last, sockets } = aLive();
    live.start();
    for (let failure = 1; failure <= 3; failure += 1) {
      last().drop();
      expect(live.state).toBe(failure < 3 ? 'retrying' : 'polling');
      if (failure < 3) await vi.advanceTimersByTimeAsync(500 * 2 ** failure);
    }
    await vi.advanceTimersByTimeAsync(3_500);
    expect(listener.resync).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets.length).toBeGreaterThanOrEqual(4);
    last().say({ type: 'hello' });
    expect(live.state).toBe('live');
    const before = listener.resync.mock.calls.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(listener.resync).toHaveBeenCalledTimes(before);
  });

  it('spreads its tries', async () => {
    const waits = new Set<number>();
    for (const random of [0, 0.5, 0.99]) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const timeout = vi.spyOn(globalThis, 'setTimeout');
      const { live, last } = aLive();
      live.start();
      last().drop();
      waits.add(timeout.mock.lastCall?.[1] as number);
      live.stop();
      vi.restoreAllMocks();
    }
    expect(waits.size).toBe(3);
  });

  it('does not come back when the session ended or it was stopped', async () => {
    const { live, listener, last, sockets } = aLive();
    live.start();
    last().say({ type: 'hello' });
    last().drop(4401);
    expect(live.state).toBe('off');
    expect(listener.ended).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    live.start();
    const socket = last();
    live.stop();
    expect(socket.isClosed).toBe(true);
    socket.drop();
    socket.say(theEvents()[0]);
    expect(live.state).toBe('off');
    expect(listener.hear).not.toHaveBeenCalled();
  });

  it('comes back at once when the network does', () => {
    const { live, last, sockets } = aLive();
    live.start();
    last().drop();
    live.wake();
    live.wake();
    expect(sockets).toHaveLength(2);
  });

  it('checks a silence while something is being read', async () => {
    const { live, listener, last } = aLive({ busy: true });
    live.start();
    last().say({ type: 'hello' });
    listener.resync.mockClear();
    await vi.advanceTimersByTimeAsync(26_000);
    expect(listener.resync).toHaveBeenCalledTimes(1);
  });
});

describe('what a screen reader hears', () => {
  it('is progress at most every ten seconds, the newest only, and trouble at once', async () => {
    const announcer = new Announcer();
    announcer.progress('page 1');
    await vi.advanceTimersByTimeAsync(1);
    expect(announcer.polite).toBe('page 1');
    announcer.progress('page 2');
    announcer.progress('page 3');
    announcer.trouble('page 4 failed');
    expect(announcer.urgent).toBe('page 4 failed');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(announcer.polite).toBe('page 1');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(announcer.polite).toBe('page 3');
  });
});
