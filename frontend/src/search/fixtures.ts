import type { SearchAnswer, SearchHit } from '../api/types';

/** A page that was found, for tests. */
export const aHit = (page: number, more: Partial<SearchHit> = {}): SearchHit => ({
  document: { id: 'document-1', name: 'letter.pdf', owner: { id: 'user-1', name: null } },
  task_id: 'task-1',
  page,
  created_at: '2026-11-22T10:00:00Z',
  width: 1600,
  height: 2000,
  dpi: 200,
  snippets: [{ text: 'a dry cough', marks: [[6, 11]] }],
  boxes: [{ x: 100, y: 200, width: 90, height: 30 }],
  match: 'exact',
  ...more,
});

/** An answer with these pages, for tests. */
export const anAnswer = (hits: SearchHit[], next: string | null = null): SearchAnswer => ({
  terms: [{ text: 'cough', kind: 'word', excluded: false }],
  hits,
  total: { pages: hits.length, is_exact: true },
  is_complete: true,
  next,
});
