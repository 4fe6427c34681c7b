import type { Document, PageSummary, TaskEvent } from '../api/types';

/** A document with a task that has seen its first event, for tests. */
export function aDocument(more: Partial<Document> = {}): Document {
  return {
    id: 'document-1',
    name: 'letter.pdf',
    owner: { id: 'user-1', name: null },
    right: 'manage',
    media_type: 'application/pdf',
    size_bytes: 1000,
    sha256: '00',
    created_at: '2026-11-22T10:00:00Z',
    task: {
      id: 'task-1',
      state: 'queued',
      pages: { total: 0, done: 0, failed: 0, low: 0 },
      last_seq: 1,
      failure: null,
      settings: { languages: 'auto', preset: 'auto', text_mode: 'skip' },
      is_rerun: false,
      created_at: '2026-11-22T10:00:00Z',
      started_at: null,
      ended_at: null,
    },
    pdf_task: null,
    folder: null,
    tags: [],
    trashed_at: null,
    shred_at: null,
    keep_until: null,
    ...more,
  };
}

/** A page in the server's list that waits, for tests. */
export function aPage(page: number, more: Partial<PageSummary> = {}): PageSummary {
  const nothing = { width: null, height: null, dpi: null, mean_confidence: null, failure: null, reread: null, other: null };
  return { page, state: 'queued', task: 'task-1', ...nothing, ...more };
}

/** The events of a three-page task: page 2 is one to check, page 3 fails. */
export function theEvents(task = 'task-1', document = 'document-1'): TaskEvent[] {
  const steps: [string, TaskEvent['state'], number | undefined, [number, number, number]][] = [
    ['task.queued', 'queued', undefined, [0, 0, 0]],
    ['task.started', 'processing', undefined, [0, 0, 0]],
    ['page.started', 'processing', 1, [0, 0, 0]],
    ['page.done', 'processing', 1, [1, 0, 0]],
    ['page.started', 'processing', 2, [1, 0, 0]],
    ['page.done', 'processing', 2, [2, 0, 1]],
    ['page.started', 'processing', 3, [2, 0, 1]],
    ['page.failed', 'finishing', 3, [2, 1, 1]],
    ['task.done_with_errors', 'done_with_errors', undefined, [2, 1, 1]],
  ];
  return steps.map(([type, state, page, [done, failed, low]], index) => ({
    seq: index + 1,
    type,
    at: `2026-11-22T10:00:${String(10 + index)}Z`,
    task,
    document,
    state,
    ...(page === undefined ? {} : { page }),
    pages: { total: index === 0 ? 0 : 3, done, failed, low },
    ...(type === 'page.failed' ? { failure: { code: 'timeout', sentence: 'too slow', advice: 'again' } } : {}),
  }));
}
