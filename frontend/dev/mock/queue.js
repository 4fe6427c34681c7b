import { failure } from './store.js';

const task = (end, owner, more = {}) => ({
  id: `0192a1b2-0000-7000-8000-0000${end}`,
  owner,
  queue: 'interactive',
  state: 'queued',
  pages: { total: 0, ended: 0, in_work: 0 },
  age_seconds: 240,
  held_seconds: null,
  paused_seconds: null,
  ...more,
});

/** A queue with somebody at work, tasks in every state, and things that were given up. */
export function aQueue() {
  const tasks = [
    task('0000000a', 'ada', { state: 'processing', queue: 'bulk', pages: { total: 1_240, ended: 377, in_work: 3 }, age_seconds: 5_460 }),
    task('0000000b', 'grace'),
    task('0000000c', 'a.very.long.login@clinic.example', { state: 'finishing', pages: { total: 9, ended: 9, in_work: 0 }, held_seconds: 20, age_seconds: 61 }),
    task('0000000d', 'linus', { age_seconds: 12, paused_seconds: 8 }),
  ];
  return {
    totals: { workers: 2, slots: 4, open_tasks: 4, waiting_tasks: 2, longest_wait_seconds: 240, dead_letters: 2 },
    workers: [
      { id: '3fa9c2d1', version: '0.1.0', slots: 2, page_seconds: 1.34, dropped_entries: 0 },
      { id: '77e01bb4', version: '0.1.0', slots: 2, page_seconds: null, dropped_entries: 3 },
    ],
    tasks,
    dead_letters: [
      { task: '0192a1b2-0000-7000-8000-0000000000d1', page: 7, failure: failure('timeout'), attempts: 3, at: new Date().toISOString() },
      { task: '0192a1b2-0000-7000-8000-0000000000d2', page: null, failure: failure('too_many_pixels'), attempts: 1, at: '2026-03-11T10:00:00Z' },
    ],
  };
}
