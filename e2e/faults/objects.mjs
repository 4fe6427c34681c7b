// What is in the store, read from its files: each ends with what the store knows about it.
import { closeSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Of the end of a file: the length of what is known (4 bytes), and a mark (8 bytes). */
const TAIL_BYTES = 12;
const ENOUGH_BYTES = 1024;

/** Gives the keys of all whole objects with the time at which each was stored (seconds since 1970). */
export function findObjects(site) {
  const root = site.stack.path('store/objects');
  const found = new Map();
  for (const shelf of readdirSync(root)) {
    for (const name of readdirSync(join(root, shelf))) {
      const info = readInfo(join(root, shelf, name));
      if (info) found.set(info.key, info.modified);
    }
  }
  return found;
}

/** Every key that a row names, and every folder in which a task that has not ended may still name one, or that is on its way out. */
const NAMED = `
  select 'documents/' || document_id || '/original', '' from tasks
  union all
  select 'documents/' || document_id || '/tasks/' || task_id || '/searchable-' || attempt, '' from published_pdfs
  union all
  select 'documents/' || t.document_id || '/tasks/' || t.id || '/pages/' || p.page_number || '/image-' || p.image_attempt, ''
  from pages p join tasks t on t.id = p.task_id where p.image_attempt is not null
  union all
  select 'receipts/' || document_id, '' from shreds where receipt is not null
  union all
  -- The record's heads stay as long as what they seal.
  select 'audit/' || number, '' from audit_batches
  union all
  select '', 'documents/' || document_id || '/tasks/' || id || '/' from tasks where ended_at is null
  union all
  -- What a worker is removing; if it dies at it, the next one looks when the other's time is over, and soon.
  select '', 'documents/' || document_id || '/' from shreds
  where objects_removed_at is null and next_look_at > clock_timestamp() - interval '20 seconds'`;

/** Gives the keys of objects that no row names and that were stored more than so many seconds ago. */
export function findOrphans(site, seconds) {
  // The objects first: what is stored and named in between is not there yet.
  const before = Date.now() / 1000 - seconds;
  const old = [...findObjects(site)].filter(([, modified]) => modified < before).map(([key]) => key);
  const rows = site.sql(NAMED);
  const [keys, folders] = [new Set(rows.map(([key]) => key)), rows.map(([, folder]) => folder).filter((folder) => folder)];
  return old.filter((key) => key !== 'installation' && !keys.has(key) && !folders.some((folder) => key.startsWith(folder)));
}

/** `null` when the object was deleted between its name and its content being read. */
function readInfo(path) {
  let file;
  try {
    file = openSync(path);
    const { size } = fstatSync(file);
    const end = Buffer.alloc(Math.min(size, ENOUGH_BYTES));
    readSync(file, end, 0, end.length, size - end.length);
    const length = end.readUInt32BE(end.length - TAIL_BYTES);
    return JSON.parse(end.subarray(end.length - TAIL_BYTES - length, end.length - TAIL_BYTES).toString());
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
