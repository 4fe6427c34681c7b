// Files that attack: each ends with a name and advice, within its limits, and nothing else feels it. UNTXT_ODD=folder adds
// files of one's own, of which only an end is asked.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { hostileFiles } from '../hostile.mjs';
import { processes, readProcess } from '../processes.mjs';
import { textPdf } from '../samples.mjs';

/** `limits.page_timeout_seconds`, for each of the attempts that a page that was not read in time has, and some seconds. */
const SECONDS = 150;
/** `limits.child_memory_bytes`. */
const CHILD_BYTES = 2 ** 31;

export default async function prove(t, { stack, admin }) {
  const own = () => processes().filter(({ parent, command }) => parent === stack.process.pid && /untxt (backend|worker|storage)/.test(command));
  const before = own().map(({ pid, started }) => [pid, started]);
  assert.ok(before.length >= 3);
  const odd = process.env.UNTXT_ODD;
  const files = [
    ...hostileFiles(),
    ...(odd ? readdirSync(odd).map((name) => [name, readFileSync(join(odd, name)), null]) : []),
  ];
  const table = [];
  await t.test(`${files.length} files end by name, within their limits`, async (t) => {
    for (const [name, bytes, codes] of files) {
      const peak = watch(stack);
      const begin = performance.now();
      const answer = await admin.upload(name, bytes);
      const told = answer.status === 202 ? await outcome(admin, answer.json.id) : answer.json.code;
      const row = { name, told, seconds: (performance.now() - begin) / 1000, bytes: peak.stop() };
      table.push(row);
      t.diagnostic(`${name} (${(bytes.length / 1e3).toFixed(0)} kB): ${told}, ${row.seconds.toFixed(1)} s, reader ${(row.bytes / 1e6).toFixed(0)} MB`);
      if (codes) assert.ok(codes.includes(told), `${name}: ${told}`);
      assert.ok(row.bytes < CHILD_BYTES, `${name}: a reader had ${row.bytes} bytes`);
      if (answer.status === 202) await admin.send('DELETE', `/api/v1/documents/${answer.json.id}`);
    }
    const worst = (field) => table.reduce((most, row) => (row[field] > most[field] ? row : most));
    t.diagnostic(`slowest: ${worst('seconds').name}; largest: ${worst('bytes').name}, ${(worst('bytes').bytes / 1e6).toFixed(0)} MB`);
  });

  await t.test('backend, workers and store are the same processes, and read on', async () => {
    assert.deepEqual(own().map(({ pid, started }) => [pid, started]), before);
    const { id } = await admin.add('after.pdf', textPdf([['A page that is well', 'and has a second line']]));
    assert.equal((await admin.ended(id)).task.state, 'done');
  });
}

/** Waits for the end; gives the code of the failure of the document or its first page, or `done`. */
async function outcome(admin, id) {
  const { task } = await admin.ended(id, SECONDS);
  const { pages = [] } = (await admin.get(`/documents/${id}/pages`)).json ?? {};
  const failure = task.failure ?? pages.find(({ failure }) => failure)?.failure;
  if (!failure) {
    assert.equal(task.state, 'done', JSON.stringify(task));
    return 'done';
  }
  assert.ok(failure.sentence.length > 10 && failure.advice.length > 10, JSON.stringify(failure));
  assert.ok(['failed', 'done_with_errors'].includes(task.state), JSON.stringify(task));
  return failure.code;
}

/** Samples the readers' resident memory; gives the most that one of them had. */
function watch(stack) {
  let most = 0;
  const look = () => {
    for (const { pid } of stack.find('ocr-child')) most = Math.max(most, readProcess(pid)?.rss ?? 0);
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      look();
      clearInterval(timer);
      return most;
    },
  };
}
