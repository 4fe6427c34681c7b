import { Problem } from '../api/problem';
import type { Limits } from '../api/types';
import { words } from '../words/en';
import type { Upload } from './uploads.svelte';

/** Says why an upload stopped and what to do about it. */
export function uploadTrouble(upload: Upload, limits: Limits | null): string {
  if (upload.objection === 'empty') return words.upload.empty;
  if (upload.objection === 'folder') return words.upload.folder;
  if (upload.objection === 'too_large') return words.upload.tooLarge(upload.file.size, limits?.max_file_bytes ?? 0);
  if (!(upload.problem instanceof Problem)) return words.upload.broken;
  return upload.problem.status === 401 ? words.upload.loggedOut : words.trouble(upload.problem);
}
