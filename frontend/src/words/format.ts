/** Turns values into words: sizes, times, counts, languages. */

/** English as the reader writes dates; other languages get the 24-hour form until they have words of their own. */
const LANGUAGE = /^en\b/.test(globalThis.navigator?.language ?? '') ? navigator.language : 'en-GB';
const number = new Intl.NumberFormat(LANGUAGE);
const day = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'short', year: 'numeric' });
const dayAndTime = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: 'short' });
const list = new Intl.ListFormat(LANGUAGE, { type: 'conjunction' });

export const formatNumber = (value: number) => number.format(value);

/** "1 page", "2 pages". */
export const count = (value: number, one: string, many: string) => `${number.format(value)} ${value === 1 ? one : many}`;

/** "1 page", "12 pages". */
export const countPages = (value: number) => count(value, 'page', 'pages');

/** 1,048,576 bytes are 1 MB here, as in the limits an administrator sets. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte', 'bytes');
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit]}`;
}

/** "14:05" today, "3 Nov 2026" before. */
export function formatMoment(iso: string, now = new Date()): string {
  const moment = new Date(iso);
  return moment.toDateString() === now.toDateString() ? clock.format(moment) : day.format(moment);
}

/** "22 Dec 2026". */
export const formatDay = (iso: string) => day.format(new Date(iso));

export const formatFullMoment = (iso: string) => dayAndTime.format(new Date(iso));

/** "45 s", "2 min 5 s". */
export function formatWait(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

/** The days of so many years, none too few: ten years are 3,653. */
export const daysOfYears = (years: number) => Math.ceil(365.25 * years);

/** The whole years that so many days are; null when they are none. */
export function yearsOfDays(days: number): number | null {
  const years = Math.floor(days / 365.25);
  return [years, years + 1].find((each) => each > 0 && daysOfYears(each) === days) ?? null;
}

/** "30 days", "10 years". */
export function formatPeriod(days: number): string {
  const years = yearsOfDays(days);
  return years === null ? count(days, 'day', 'days') : count(years, 'year', 'years');
}

/** "45 s", "12 min", "3 h", "2 days": how long something has been so. */
export function formatAge(seconds: number): string {
  if (seconds < 90) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${formatNumber(Math.floor(minutes / (24 * 60)))} days`;
}

/** "a few seconds", "about 40 s", "about 5 min": no more exact than a guess can be. */
export function formatAbout(seconds: number): string {
  if (seconds < 10) return 'a few seconds';
  if (seconds < 90) return `about ${Math.round(seconds / 10) * 10} s`;
  return `about ${formatNumber(Math.round(seconds / 60))} min`;
}

const ordinal = new Intl.PluralRules('en', { type: 'ordinal' });
const ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

/** "1st", "2nd", "13th". */
export const formatOrdinal = (value: number) => `${formatNumber(value)}${ENDINGS[ordinal.select(value)] ?? 'th'}`;

export const formatPercent = (fraction: number) => `${Math.round(100 * fraction)} %`;

/** "PDF, JPEG and PNG" from media types. */
export const formatTypes = (types: string[]) =>
  list.format(types.map((type) => TYPE_NAMES[type] ?? type.replace(/^.*\//, '').toUpperCase()));

const TYPE_NAMES: Record<string, string> = { 'image/webp': 'WebP' };

/** "English and German" from `eng`, `deu`. */
export function formatLanguages(codes: string[]): string {
  const names = new Intl.DisplayNames(LANGUAGE, { type: 'language' });
  return list.format(
    codes.map((code) => {
      try {
        return names.of(code) ?? code;
      } catch {
        return code;
      }
    }),
  );
}

/** "the file is empty" → "The file is empty." */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const whole = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
