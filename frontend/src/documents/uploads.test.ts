import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Problem, Unreachable } from '../api/problem';
import type { Document, Limits } from '../api/types';
import { aDocument } from './fixtures';
import { Uploads, type Sender } from './uploads.svelte';

const limits: Limits = { max_file_bytes: 100, max_pages: 5, allowed_types: [], languages: [], installed_languages: [], trash_days: 30, sends_mail: false, link_days: 0, providers: [], passkeys: false, sso_only: false };
/** Only what an upload looks at; Node 18 has no `File`. */
const file = (name: string, size = 10) => ({ name, size }) as File;

function aSender(...answers: (Error | Document)[]) {
  const keys: string[] = [];
  const names: string[] = [];
  const sender: Sender = {
    async sendDocument(sent, key, progress) {
      keys.push(key);
      names.push(sent.name);
      const answer = answers.shift() ?? aDocument({ name: sent.name });
      progress(sent.size / 2);
      await Promise.resolve();
      if (answer instanceof Error) throw answer;
      progress(sent.size);
      return answer;
    },
  };
  return { sender, keys, names };
}

function uploadsOver(sender: Sender) {
  let count = 0;
  return new Uploads(sender, () => limits, () => `key-${(count += 1)}`);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('uploads', () => {
  it('sends again with the same key after the network failed', async () => {
    const { sender, keys } = aSender(new Unreachable(), new Unreachable());
    const uploads = uploadsOver(sender);
    const stored: string[] = [];
    uploads.onStored = (document) => stored.push(document.name);
    uploads.add([file('a.pdf')]);
    await vi.advanceTimersByTimeAsync(0);
    expect(uploads.list[0]?.state).toBe('pausing');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(keys).toEqual(['key-1', 'key-1', 'key-1']);
    expect(stored).toEqual(['a.pdf']);
    expect(uploads.list).toHaveLength(0);
  });

  it('asks the person after the last try, and still uses the same key', async () => {
    const { sender, keys } = aSender(...Array.from({ length: 4 }, () => new Unreachable()));
    const uploads = uploadsOver(sender);
    const troubles: string[] = [];
    uploads.onTrouble = (upload) => troubles.push(upload.state);
    uploads.add([file('a.pdf')]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(troubles).toEqual(['broken']);
    uploads.retry(uploads.list[0]!);
    await vi.advanceTimersByTimeAsync(0);
    expect(new Set(keys)).toEqual(new Set(['key-1']));
    expect(keys).toHaveLength(5);
    expect(uploads.list).toHaveLength(0);
  });

  it('waits as long as the server asks', async () => {
    const { sender, keys } = aSender(new Problem(503, 'storage_unavailable', '', null, 20));
    const uploads = uploadsOver(sender);
    uploads.add([file('a.pdf')]);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(keys).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(keys).toHaveLength(2);
  });

  it('refuses at once what can not work, and sends the others', async () => {
    const { sender, names } = aSender();
    const uploads = uploadsOver(sender);
    const folder = file('folder');
    uploads.add([file('empty.pdf', 0), file('big.pdf', 101), folder, file('good.pdf')], {}, new Set([folder]));
    await vi.advanceTimersByTimeAsync(0);
    expect(names).toEqual(['good.pdf']);
    expect(uploads.list.map((upload) => upload.objection)).toEqual(['empty', 'too_large', 'folder']);
  });

  it('does not repeat what the server refused', async () => {
    const { sender, keys } = aSender(new Problem(415, 'unsupported_type', 'no', null, null));
    const uploads = uploadsOver(sender);
    uploads.add([file('a.docx')]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(keys).toHaveLength(1);
    expect(uploads.list[0]?.state).toBe('refused');
  });

  it('gives every file its own key and keeps three on the wire', async () => {
    let open = 0;
    let most = 0;
    const keys = new Set<string>();
    const sender: Sender = {
      async sendDocument(sent, key) {
        keys.add(key);
        most = Math.max(most, (open += 1));
        await new Promise((resolve) => setTimeout(resolve, 100));
        open -= 1;
        return aDocument({ id: key, name: sent.name });
      },
    };
    const uploads = uploadsOver(sender);
    uploads.add(Array.from({ length: 20 }, (_, index) => file(`${index}.pdf`)));
    expect(uploads.list).toHaveLength(20);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(most).toBe(3);
    expect(keys.size).toBe(20);
    expect(uploads.list).toHaveLength(0);
  });

  it('forgets an upload that was cancelled', async () => {
    const { sender, keys } = aSender(new Unreachable());
    const uploads = uploadsOver(sender);
    uploads.add([file('a.pdf')]);
    await vi.advanceTimersByTimeAsync(0);
    uploads.dismiss(uploads.list[0]!);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(keys).toHaveLength(1);
    expect(uploads.list).toHaveLength(0);
  });
});
