import { describe, expect, it } from 'vitest';

import { Problem } from '../api/problem';
import { aDocument } from '../documents/fixtures';
import { words } from './en';
import { asSentence, formatAge, formatLanguages, formatOrdinal, formatSize, formatTypes, formatWait } from './format';

describe('words', () => {
  it('give sizes, waits, types and languages a human form', () => {
    expect([0, 1, 1024, 1536, 50 * 1024 ** 2, 2 * 1024 ** 3].map(formatSize)).toEqual(['0 bytes', '1 byte', '1 KB', '1.5 KB', '50 MB', '2 GB']);
    expect([0.2, 59, 60, 125].map(formatWait)).toEqual(['1 s', '59 s', '1 min', '2 min 5 s']);
    expect([5.9, 89, 240, 7200, 200_000].map(formatAge)).toEqual(['5 s', '89 s', '4 min', '2 h', '2 days']);
    expect(formatTypes(['application/pdf', 'image/webp'])).toBe('PDF and WebP');
    expect(formatLanguages(['eng', 'deu'])).toBe('English and German');
    expect(formatLanguages(['osd_x!'])).toBe('osd_x!');
    expect(asSentence('the file is empty')).toBe('The file is empty.');
  });

  it('never call a document finished when a page failed', () => {
    const { task } = aDocument();
    const ended = { ...task, state: 'done_with_errors' as const, pages: { total: 12, done: 11, failed: 1, low: 2 } };
    expect(words.task.line(ended)).toBe('12 pages · 2 to check · 1 failed');
    const running = { ...task, state: 'processing' as const, pages: { total: 12, done: 3, failed: 0, low: 0 } };
    expect(words.task.line(running)).toBe('3 of 12 pages');
  });

  it('say where a document stands in the queue', () => {
    const { task } = aDocument();
    const place = { pages_before: 2, eta_seconds: 41, workers_alive: 1, note: null };
    expect(words.task.line(task, place)).toBe('3rd in the queue, about 40 s');
    expect(words.task.line(task, { ...place, pages_before: 0, eta_seconds: null })).toBe('Next in the queue');
    expect(words.task.line(task, { ...place, workers_alive: 0 })).toBe('Waiting for a free reader');
    expect([1, 2, 11, 22, 1003].map(formatOrdinal)).toEqual(['1st', '2nd', '11th', '22nd', '1,003rd']);
  });

  it('say what the server said, and a reference when it is the server’s fault', () => {
    expect(words.trouble(new Problem(413, 'file_too_large', 'split the file', null, null))).toBe('Split the file.');
    expect(words.trouble(new Problem(500, 'internal', '', 'abc', null))).toContain('Reference: abc');
    expect(words.trouble(new TypeError('x'))).toContain('can’t be reached');
  });
});
