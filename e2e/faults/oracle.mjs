// The one judge of every fault test: what was acknowledged has ended, and took effect exactly once.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { sleep } from '../processes.mjs';
import { CANARY, mark } from './documents.mjs';
import { readClaims } from './ledger.mjs';
import { findObjects, findOrphans } from './objects.mjs';
import { CLEAN_UP, MAX_ATTEMPTS } from './site.mjs';

const FINAL = ['done', 'done_with_errors', 'failed', 'cancelled'];
/** Beyond its age and the pause between two looks, an orphan may lie there for so long. */
const CLEAN_UP_GRACE_SECONDS = 15;

/** Asserts that there is nothing to complain of. */
export async function expectSound(site, promised, options) {
  assert.deepEqual(await judge(site, promised, options), []);
}

/**
 * Waits until what was promised has ended, and gives complaints. `promised` are acknowledged uploads; `wanted` is the
 * end that is right for one, `done` if it says nothing, and any with `any`; `reader` may read it, if not the usual
 * person.
 */
export async function judge(site, promised, { seconds = 60, maxAttempts = MAX_ATTEMPTS } = {}) {
  const tasks = await waitForEnds(site, promised, seconds);
  const complaints = [];
  const world = readWorld(site, promised.map(({ task }) => task));
  for (const one of promised) {
    const task = tasks.get(one.task);
    const complain = (text) => complaints.push(`${one.task} (${one.pages} pages): ${text}`);
    if (!task) complain('lost: it was acknowledged, and there is no such task');
    else if (!FINAL.includes(task.state)) complain(`stuck: ${task.state} with ${task.done} + ${task.failed} of ${task.total} pages`);
    else judgeTask(one, task, world, maxAttempts, complain);
  }
  complaints.push(...judgeClaims(world.claims), ...judgeObjects(site, world.pages, tasks), ...(await judgeTexts(site, promised, tasks)));
  complaints.push(...(await judgeOrphans(site)), ...judgeLogs(site));
  return complaints;
}

/** Counts what the chaos run promises: lost, twice, stuck. */
export function tally(complaints) {
  const count = (pattern) => complaints.filter((text) => pattern.test(text)).length;
  const [lost, stuck] = [count(/lost:/), count(/stuck:/)];
  return { lost, double: complaints.length - lost - stuck, stuck };
}

async function waitForEnds(site, promised, seconds) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const rows = site.trySql(`select id, state, page_count, pages_done, pages_failed, last_seq, tries, document_id, coalesce(pdf_attempt, 0), attempt from tasks
      where id in (${promised.map(({ task }) => `'${task}'`).join(',')})`);
    const isOver = rows?.length === promised.length && rows.every(([, state]) => FINAL.includes(state));
    if (rows && (isOver || Date.now() > end)) {
      const task = ([id, state, ...rest]) => {
        const [total, done, failed, lastSeq, tries, , pdfAttempt, attempt] = rest.map(Number);
        return [id, { state, total, done, failed, lastSeq, tries, attempt, pdfAttempt, document: rest[5] }];
      };
      return new Map(rows.map(task));
    }
    if (Date.now() > end + 30_000) throw new Error('Postgres does not answer: nothing can be judged');
    await sleep(200);
  }
}

/** Reads everything that the database says about tasks. */
function readWorld(site, tasks) {
  const which = `in (${tasks.map((id) => `'${id}'`).join(',')})`;
  const group = (rows) => Map.groupBy?.(rows, ([task]) => task) ?? rows.reduce((map, row) => map.set(row[0], [...(map.get(row[0]) ?? []), row]), new Map());
  return {
    pages: group(site.sql(`select task_id, page_number, state, attempt, tries, coalesce(image_attempt, 0) from pages where task_id ${which} order by 1, 2`)),
    events: group(site.sql(`select task_id, seq, kind, coalesce(page_number, 0) from task_events where task_id ${which} order by 1, 2`)),
    claims: readClaims(site, tasks),
  };
}

function judgeTask(one, task, world, maxAttempts, complain) {
  const wanted = one.wanted ?? 'done';
  if (wanted !== 'any' && task.state !== wanted) complain(`ended as ${task.state}, not as ${wanted}`);
  const pages = world.pages.get(one.task) ?? [];
  const events = world.events.get(one.task) ?? [];
  const ofState = (state) => pages.filter((page) => page[2] === state).length;
  if (pages.length !== task.total) complain(`${pages.length} rows for ${task.total} pages`);
  if (task.total > 0 && task.total !== one.pages) complain(`${task.total} pages of a document of ${one.pages}`);
  if (ofState('done') !== task.done || ofState('failed') !== task.failed) complain('its counters and its pages differ');
  if (task.state !== 'cancelled' && ofState('done') + ofState('failed') !== task.total) complain('it ended before its pages did');
  if (task.tries > maxAttempts) complain(`${task.tries} attempts of one step, ${maxAttempts} are allowed`);
  judgeEvents(task, events, complain);
  for (const [, number, state, attempt, tries] of pages) {
    const told = (pattern) => events.filter(([, , kind, page]) => page === number && pattern.test(kind)).length;
    if (Number(tries) > maxAttempts) complain(`page ${number}: ${tries} attempts, ${maxAttempts} are allowed`);
    if (told(/page\.(started|retried)/) !== Number(attempt)) complain(`page ${number}: ${attempt} attempts, ${told(/started|retried/)} told`);
    const ends = [told(/page\.done/), told(/page\.failed/)];
    const right = { done: [1, 0], failed: [0, 1] }[state] ?? [0, 0];
    if (ends.join() !== right.join()) complain(`page ${number} is ${state} and was told done ${ends[0]} times, failed ${ends[1]} times`);
  }
}

function judgeEvents(task, events, complain) {
  const gap = events.findIndex(([, seq], index) => Number(seq) !== index + 1);
  if (gap >= 0) complain(`event ${gap + 1} is not there`);
  if (events.length !== task.lastSeq) complain(`${events.length} events, the last is said to be ${task.lastSeq}`);
  const ends = events.filter(([, , kind]) => FINAL.some((state) => kind === `task.${state}`));
  if (ends.length !== 1 || events.at(-1)?.[2] !== `task.${task.state}`) complain(`${ends.length} end events, the last event is ${events.at(-1)?.[2]}`);
}

/** Whoever ended a claim must be the one that took it; another may only when the lease had run out, or to cancel. */
function judgeClaims(claims) {
  const isStale = ({ claimedBy, endedBy, endedAs, endedAt, leaseUntil }) =>
    endedBy !== null && endedBy !== claimedBy && endedAs !== 'cancelled' && endedAt < leaseUntil;
  return claims.filter(isStale).map((claim) => `${claim.task}: page ${claim.page}, attempt ${claim.attempt} of ${claim.claimedBy} was ended (${claim.endedAs}) by ${claim.endedBy} under its lease`);
}

/** Every object that a row names is there. */
function judgeObjects(site, pages, tasks) {
  const there = findObjects(site);
  const named = [];
  for (const [id, task] of tasks) {
    named.push(`documents/${task.document}/original`);
    if (task.pdfAttempt > 0) named.push(`documents/${task.document}/tasks/${id}/searchable-${task.pdfAttempt}`);
    for (const [, number, state, , , image] of pages.get(id) ?? []) {
      if (state === 'done') named.push(`documents/${task.document}/tasks/${id}/pages/${number}/image-${image}`);
    }
  }
  return named.filter((key) => !there.has(key)).map((key) => `${key} is named and not there`);
}

/** What no row names, of this test or one before, is removed once it is old enough. */
async function judgeOrphans(site) {
  const end = Date.now() + CLEAN_UP_GRACE_SECONDS * 1000;
  for (;;) {
    const old = findOrphans(site, CLEAN_UP.afterSeconds + CLEAN_UP.everySeconds);
    if (old.length === 0 || Date.now() > end) return old.map((key) => `${key} is named by no row and still there`);
    await sleep(500);
  }
}

/** Every page that was read is in the text once, and no other page is. */
async function judgeTexts(site, promised, tasks) {
  const complaints = [];
  for (const { id, task, number, pages, reader = site.person } of promised.filter(({ task }) => /^done/.test(tasks.get(task)?.state))) {
    const { status, text } = await reader.get(`/documents/${id}/formats/txt`);
    const times = Array.from({ length: pages }, (_, index) => text.split(mark(number, index + 1)).length - 1);
    const read = times.filter((count) => count === 1).length;
    if (status !== 200 || read !== tasks.get(task).done || times.some((count) => count > 1)) {
      complaints.push(`${task}: its text (${status}) has ${read} of ${tasks.get(task).done} pages that were read, some ${Math.max(...times)} times`);
    }
  }
  return complaints;
}

/** No word of a document and no name is in what processes write down. */
function judgeLogs(site) {
  const files = ['logs', 'redis/data'].flatMap((folder) =>
    readdirSync(site.stack.path(folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.path, entry.name)),
  );
  const says = (file) => readFileSync(file).includes(CANARY);
  return files.filter(says).map((file) => `${file} has a word of a document`);
}
