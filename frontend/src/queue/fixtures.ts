import type { Queue, QueueTask } from '../api/types';

/** A task that waits, for tests. */
export function aTask(more: Partial<QueueTask> = {}): QueueTask {
  return {
    id: 'task-1',
    owner: 'ada',
    queue: 'interactive',
    state: 'queued',
    pages: { total: 0, ended: 0, in_work: 0 },
    age_seconds: 240,
    held_seconds: null,
    paused_seconds: null,
    ...more,
  };
}

/** A queue with these tasks, for tests. */
export function aQueue(tasks: QueueTask[], totals: Partial<Queue['totals']> = {}): Queue {
  return {
    totals: {
      workers: 2,
      slots: 4,
      open_tasks: tasks.length,
      waiting_tasks: tasks.length,
      longest_wait_seconds: tasks.length > 0 ? 240 : null,
      dead_letters: 0,
      ...totals,
    },
    workers: [],
    tasks,
    dead_letters: [],
  };
}
