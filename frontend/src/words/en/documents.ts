import type { Limits, Task } from '../../api/types';
import { countPages, formatLanguages, formatNumber, formatSize, formatTypes } from '../format';

export const documents = {
  title: 'Documents',
  pageTitle: 'Documents · UNTXT',
  listName: 'Your documents',
  dropTitle: 'Drop scans here',
  dropNow: 'Let go to upload',
  choose: 'Choose files',
  limits: (limits: Limits) =>
    `${formatTypes(limits.allowed_types)}, up to ${formatSize(limits.max_file_bytes)} and ${formatNumber(limits.max_pages)} pages each.`,
  languages: ({ languages, installed_languages: installed }: Limits) => {
    const named = languages.includes('auto') ? installed : languages;
    if (named.length === 0) return '';
    return named.length > 4 ? `Finds out which of ${named.length} languages it is.` : `Reads ${formatLanguages(named)}.`;
  },
  privacy: 'Stays on this server, encrypted.',
  more: 'Show older documents',
  loading: 'Loading your documents…',
  emptyTitle: 'Nothing here yet',
  emptySteps: [
    ['Drop a scan', 'A PDF, a photo of a letter, a TIFF from the scanner. As many as you like.'],
    ['Watch it being read', 'Every page shows when it is done. Finished pages open at once.'],
    ['Read, check, take away', 'Text beside the page, doubtful words marked, and a PDF you can search.'],
  ] as const,
  stripName: (task: Task) => `${formatNumber(task.pages.done)} of ${countPages(task.pages.total)} read`,
};

export const upload = {
  listName: 'Uploads',
  waiting: 'Waiting for its turn',
  percent: (percent: number) => `${percent} %`,
  barName: (name: string) => `Upload of ${name}`,
  storing: 'Encrypting and storing…',
  pausing: 'Connection lost, trying again',
  cancel: 'Cancel',
  cancelNamed: (name: string) => `Cancel the upload of ${name}`,
  dismiss: 'Dismiss',
  dismissNamed: (name: string) => `Dismiss ${name}`,
  retry: 'Try again',
  retryNamed: (name: string) => `Try again to upload ${name}`,
  empty: 'The file is empty. Save or scan it again, then drop the new file.',
  folder: 'This is a folder. Open it and drop the files that are in it.',
  tooLarge: (size: number, limit: number) =>
    `${formatSize(size)}; the limit is ${formatSize(limit)}. Split the document or scan it at 300 dpi, then drop the parts.`,
  broken: 'The server could not be reached. Nothing is lost: try again when the connection is back.',
  loggedOut: 'You were logged out meanwhile. Try again now that you are back.',
  refusedAloud: (name: string, why: string) => `${name}: ${why}`,
};
