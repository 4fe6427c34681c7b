import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Api } from '../api/client';
import { Problem } from '../api/problem';
import type { Queue as Answer } from '../api/types';
import { queue as queueWords } from '../words/en/queue';
import { aQueue, aTask } from './fixtures';
import { Queue } from './queue.svelte';

const page = { visibilityState: 'visible', addEventListener: vi.fn(), removeEventListener: vi.fn() };
/** Calls what waits for the page to be seen or hidden. */
const turn = (state: string) => {
  page.visibilityState = state;
  for (const [, listener] of page.addEventListener.mock.calls) listener();
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
  page.visibilityState = 'visible';
  page.addEventListener.mockClear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function aServer() {
  return {
    loadQueue: vi.fn(async (): Promise<Answer> => aQueue([aTask()])),
    stopAnyTask: vi.fn(async () => undefined),
    replayTask: vi.fn(async () => undefined),
  };
}

const over = (server: ReturnType<typeof aServer>, isAway = () => false) => new Queue(server as unknown as Api, isAway);

describe('the queue', () => {
  it('is asked for every two seconds, only while somebody looks', async () => {
    const server = aServer();
    const queue = over(server);
    const leave = queue.watch();
    await vi.advanceTimersByTimeAsync(6_100);
    expect(server.loadQueue).toHaveBeenCalledTimes(4);
    turn('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.loadQueue).toHaveBeenCalledTimes(4);
    turn('visible');
    await vi.advanceTimersByTimeAsync(0);
    expect(server.loadQueue).toHaveBeenCalledTimes(5);
    leave();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.loadQueue).toHaveBeenCalledTimes(5);
  });

  it('does not keep the session of somebody who went away alive', async () => {
    const server = aServer();
    let away = true;
    const leave = over(server, () => away).watch();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.loadQueue).not.toHaveBeenCalled();
    away = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.loadQueue).toHaveBeenCalledTimes(1);
    leave();
  });

  it('waits for a slow answer before it asks again, also when one stops looking meanwhile', async () => {
    const server = aServer();
    let answer: (queue: Answer) => void = () => {};
    server.loadQueue.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
    const leave = over(server).watch();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.loadQueue).toHaveBeenCalledTimes(1);
    leave();
    answer(aQueue([]));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.loadQueue).toHaveBeenCalledTimes(1);
  });

  it('keeps what was known when the server does not answer, and says so', async () => {
    const server = aServer();
    const queue = over(server);
    await queue.load();
    server.loadQueue.mockRejectedValueOnce(new Problem(503, 'unavailable', '', null, null));
    await queue.load();
    expect(queue.answer?.tasks).toHaveLength(1);
    expect(queue.problem).toBeInstanceOf(Problem);
    await queue.load();
    expect(queue.problem).toBeNull();
  });

  it('is up to date after a stop, and a late answer of before changes nothing', async () => {
    const server = aServer();
    const queue = over(server);
    let late: (queue: Answer) => void = () => {};
    server.loadQueue.mockImplementationOnce(() => new Promise((resolve) => (late = resolve)));
    const before = queue.load();
    server.loadQueue.mockResolvedValue(aQueue([]));
    await queue.stop('task-1');
    expect(server.stopAnyTask).toHaveBeenCalledExactlyOnceWith('task-1');
    late(aQueue([aTask()]));
    await before;
    expect(queue.answer?.tasks).toEqual([]);
  });

  it('forgets everything with the person who looked', async () => {
    const server = aServer();
    const queue = over(server);
    const loading = queue.load();
    queue.clear();
    await loading;
    expect(queue.answer).toBeNull();
  });
});

describe('the sentence about the queue', () => {
  const says = (tasks: number, totals: Partial<Answer['totals']>) =>
    queueWords.state(aQueue(Array.from({ length: tasks }, () => aTask()), totals));

  it('says what is going on', () => {
    expect(says(5, { waiting_tasks: 3 })).toBe('2 workers read 2 tasks; 3 more wait, the longest for 4 min.');
    expect(says(2, { workers: 1, waiting_tasks: 1, longest_wait_seconds: 5 })).toBe('1 worker reads 1 task; 1 more waits, for 5 s.');
    expect(says(1, { waiting_tasks: 0, longest_wait_seconds: null })).toBe('2 workers read 1 task. Nothing waits.');
    expect(says(0, {})).toBe('2 workers are ready. Nothing waits.');
    expect(says(1, { workers: 1 })).toBe('1 worker is ready; 1 task waits, for 4 min.');
  });

  it('says why nothing is', () => {
    expect(says(3, { workers: 0 })).toBe('No worker is running: 3 tasks wait, the longest for 4 min; their documents are safe.');
    expect(says(1, { workers: 0, waiting_tasks: 0, longest_wait_seconds: null })).toBe('No worker is running: 1 task waits; its document is safe.');
    expect(says(0, { workers: 0 })).toBe('No worker is running. Nothing waits for one.');
    expect(queueWords.advice(aQueue([aTask()]))).toEqual([]);
    const all = aQueue([aTask({ paused_seconds: 9 })], { workers: 0, dead_letters: 2 });
    expect(queueWords.advice(all).map((advice) => advice.split(' ').slice(0, 4).join(' '))).toEqual([
      'Start a worker, or', '1 task is put', '2 pages or documents',
    ]);
  });

  it('says what a task waits for', () => {
    const next = (more: Parameters<typeof aTask>[0], workers = 2) => queueWords.open.next(aTask(more), workers);
    expect(next({})).toBe('Waits for its turn.');
    expect(next({}, 0)).toBe('Waits for a worker.');
    expect(next({ state: 'inspecting', held_seconds: 20 })).toBe('A worker has it.');
    expect(next({ state: 'inspecting' })).toContain('takes it over');
    expect(next({ paused_seconds: 8 })).toContain('Put off for 8 s');
    expect(next({ state: 'processing', pages: { total: 9, ended: 2, in_work: 3 } })).toBe('3 pages are being read.');
    expect(queueWords.open.line(aTask({ state: 'processing', pages: { total: 9, ended: 2, in_work: 3 } }))).toBe('Reading, 2 of 9 pages read');
    expect(queueWords.open.line(aTask())).toBe('Waiting');
  });
});
