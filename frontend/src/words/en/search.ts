import type { SearchAnswer, SearchTerm } from '../../api/types';
import { count, countPages, formatNumber } from '../format';

const term = ({ text, kind }: SearchTerm) => {
  if (kind === 'phrase') return `“${text}”`;
  return kind === 'prefix' ? `${text}…` : text;
};

export const search = {
  title: 'Search',
  pageTitle: 'Search · UNTXT',
  searching: 'Searching…',
  listName: 'Pages found',
  dates: {
    legend: 'Uploaded',
    from: 'from',
    to: 'to',
    any: 'Any day',
    backwards: 'The first day is after the last one, so no document can be between them.',
  },
  places: {
    folder: 'Folder',
    anywhere: 'Everywhere',
    tags: (chosen: number) => (chosen === 0 ? 'Any tag' : count(chosen, 'tag', 'tags')),
    allOf: 'Documents that have all of these',
  },
  /** "12 pages", "About 200 pages", "12 pages so far". */
  total: ({ total: { pages, is_exact: isExact }, is_complete: isComplete, next }: SearchAnswer) => {
    if (!isComplete && next === null) return pages === 0 ? 'No page so far' : `${countPages(pages)} so far`;
    if (!isExact) return `About ${countPages(pages)}`;
    return pages === 0 ? 'No page has these words' : countPages(pages);
  },
  incomplete: 'Some of your pages are still being made searchable and may be missing here.',
  /** How the words were understood; nothing when they stand for themselves. */
  understood(terms: SearchTerm[]): string {
    if (terms.every(({ kind, excluded }) => kind === 'word' && !excluded)) return '';
    const wanted = terms.filter(({ excluded }) => !excluded).map(term);
    const unwanted = terms.filter(({ excluded }) => excluded).map(term);
    return `Looked for ${wanted.join(', ')}${unwanted.length === 0 ? '' : `, without ${unwanted.join(', ')}`}`;
  },
  onPage: (page: number) => `page ${formatNumber(page)}`,
  similar: 'similar word',
  similarHint: 'One letter differs from what you wrote; the page may have been misread.',
  noPicture: 'The picture could not be loaded.',
  uploaded: (moment: string) => `uploaded ${moment}`,
  more: 'Show more pages',
  loadingMore: 'One moment…',
  keys: 'Keys: ↓ and ↑ go through the pages, Enter opens one, Escape leads back to the field.',
  back: 'Search results',
  none: {
    advice: [
      'All words have to be on the same page: try fewer of them.',
      'Try the beginning of a word with a star, such as diagn*.',
      'Pages can be found as soon as they have been read.',
    ],
    placed: 'Only the folder and the tags you chose were searched.',
    dated: 'Only documents of the days you chose were searched.',
  },
  help: {
    title: 'How to search',
    rows: [
      ['cough fever', 'pages that have both words'],
      ['cough OR fever', 'pages that have one of them, or both'],
      ['"dry cough"', 'these words side by side, exactly as written'],
      ['cough -fever', 'pages with the first word and without the second'],
      ['pneum*', 'words that begin like this; three letters at least'],
    ] as const,
    tolerance:
      'Words of four letters or more are also found when one letter is another, missing or too many, as readers misread and people mistype. Such pages come last and say “similar word”; quotes around a word leave them out.',
    privacy: 'What you look for is kept nowhere: not in the address, and not in the history of this browser.',
  },
};
