import type { PageContent } from '../../api/types';
import { count, countPages, formatLanguages, formatNumber, formatPercent } from '../format';
import { page } from './page';

export const reread = {
  open: 'Read again…',
  title: 'Read again',
  promise: 'Nothing is lost: a page keeps its text until a newer result is there, and you choose when that seems worse.',
  which: 'Pages',
  unread: (total: number) => `The ${countPages(total)} without text`,
  thisPage: (page: number) => `Only page ${formatNumber(page)}`,
  all: (total: number) => (total > 1 ? `All ${countPages(total)}` : 'The whole document'),
  languages: 'Language',
  preset: 'Kind of page',
  text: 'Text that the PDF brings along',
  asBefore: 'As at the upload',
  languageAuto: 'Find out',
  presets: {
    auto: 'Find out',
    clean_scan: 'Clean scan',
    fax: 'Fax or bad copy',
    photo: 'Photo',
    book: 'Book',
    form: 'Form',
  },
  texts: {
    skip: 'Take it over',
    redo: 'Read scans with an old text layer again',
    force: 'Read everything from the picture',
  },
  cancel: 'Cancel',
  submit: 'Read again',
  asking: 'One moment…',
  tryUnread: (total: number) => (total === 1 ? 'Try the missing page again' : `Try ${formatNumber(total)} missing pages again`),
  tryPage: 'Try this page again',
  readOn: 'Read the rest',
  tryDocument: 'Try again',
  isRead: 'This page is being read again. Until that is done, this is what was read before.',
  hasFailed: 'This page could not be read again, so what was read before stays.',
  undecided: (older: number, newer: number) =>
    `There is a newer result of this page. It seems worse (${formatPercent(newer)} sure on average, the older one ${formatPercent(older)}), so the older one is still shown.`,
  decided: (isOlderShown: boolean) =>
    isOlderShown ? 'This page was read again; the older result is shown.' : 'This page was read again; the newer result is shown.',
  choose: 'Compare and choose',
  compare: 'Compare',
  choiceTitle: 'Two results of this page',
  legend: 'Words that only one of them has are marked.',
  close: 'Close',
  resultName: (isNewer: boolean) => (isNewer ? 'Newer result' : 'Older result'),
  textName: (isNewer: boolean) => (isNewer ? 'Text of the newer result' : 'Text of the older result'),
  shown: 'shown now',
  facts: ({ words: read, mean_confidence: sure, languages }: PageContent) => {
    const known = languages === undefined || languages.length === 0 ? '' : ` · ${formatLanguages(languages.map(({ code }) => code))}`;
    return read.length === 0 ? page.noText : `${formatPercent(sure)} sure on average · ${count(read.length, 'word', 'words')}${known}`;
  },
  take: (isNewer: boolean, isShown: boolean) => {
    if (isNewer) return isShown ? 'Keep the newer' : 'Accept the newer';
    return isShown ? 'Keep the older' : 'Go back to the older';
  },
  chosen: (isNewer: boolean) => (isNewer ? 'The newer result is shown now.' : 'The older result is shown now.'),
  waitToChoose: 'You can choose as soon as the document has been read.',
};
