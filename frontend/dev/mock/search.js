// The contract of the search, over the invented pages: words, phrases, OR, -word, word*, and one letter of tolerance.
import { pageWords } from './content.js';

/** The server counts no further. */
const MOST_PAGES = 1_000;
const LONELY_OR = 'write OR between two words or phrases; for the word itself write "or" in quotes';

/** Gives an answer, or why the question can't be answered. */
export function find(documents, { query, from, to, documents: only, limit = 20, after = null }) {
  const { groups, refusal } = parse(query);
  if (refusal !== undefined) return { refusal };
  const hits = documents
    .filter(({ id, created_at: at }) => (!from || at >= from) && (!to || at < to) && (!only || only.includes(id)))
    .flatMap((document) => document.hidden.pages.filter(({ state }) => state === 'done').flatMap((page) => match(document, page, groups) ?? []))
    // Exact ones first; the sort keeps the rest as it was, newest documents first.
    .sort((one, other) => Number(one.match === 'near') - Number(other.match === 'near'));
  const begin = after === null ? 0 : Number(Buffer.from(after, 'base64').toString());
  const end = begin + limit;
  const terms = groups.flatMap(({ excluded, any }) => any.map(({ text, kind }) => ({ text, kind, excluded })));
  const isExact = after === null && end >= hits.length;
  return {
    answer: {
      terms,
      hits: hits.slice(begin, end),
      total: { pages: Math.min(hits.length, MOST_PAGES), is_exact: isExact },
      is_complete: true,
      next: end < hits.length ? Buffer.from(String(end)).toString('base64') : null,
    },
  };
}

/** Groups of terms: every group has to be met, by any of its terms. */
function parse(query) {
  const groups = [];
  let isOr = false;
  for (const [, minus, phrase, word] of query.matchAll(/(-?)(?:"([^"]*)"|(\S+))/g)) {
    if (word === 'OR') {
      if (isOr || groups.length === 0) return { refusal: LONELY_OR };
      isOr = true;
      continue;
    }
    if (isOr && minus === '-') return { refusal: 'a word after OR can\'t be excluded; write the minus words apart' };
    const term = phrase === undefined ? termOf(word) : { kind: 'phrase', text: phrase.trim(), words: phrase.split(/\s+/).map(normal).filter(Boolean) };
    if (term.refusal) return { refusal: term.refusal };
    if (term.words.join('') === '') continue;
    if (isOr) groups.at(-1).any.push(term);
    else groups.push({ excluded: minus === '-', any: [term] });
    isOr = false;
  }
  if (isOr) return { refusal: LONELY_OR };
  if (groups.length === 0) return { refusal: 'write at least one word or number to look for' };
  if (groups.every(({ excluded }) => excluded)) return { refusal: 'write at least one word that the page has, beside those after a minus' };
  return { groups };
}

function termOf(written) {
  const text = written.replace(/\*$/, '');
  const words = [normal(text)];
  if (!written.endsWith('*')) return { kind: 'word', text, words };
  if (words[0].length < 3) return { refusal: 'write at least three letters before the star' };
  return { kind: 'prefix', text, words };
}

function match(document, { page, task, width, height, dpi }, groups) {
  const words = pageWords(page);
  const known = words.map(({ text }) => normal(text));
  const found = new Set();
  let isNear = false;
  for (const { excluded, any } of groups) {
    const exact = any.flatMap((term) => placesOf(term, known, false));
    const places = exact.length > 0 || excluded ? exact : any.flatMap((term) => placesOf(term, known, true));
    if (excluded ? places.length > 0 : places.length === 0) return null;
    isNear ||= exact.length === 0 && !excluded;
    for (const place of places) if (!excluded) found.add(place);
  }
  const places = [...found].sort((one, other) => one - other);
  const boxes = places.map((at) => boxOf(words[at]));
  const where = { id: document.id, name: document.name, owner: document.owner };
  const about = { document: where, task_id: task, page, created_at: document.created_at, width, height, dpi };
  return { ...about, snippets: snippetsOf(words, places), boxes, match: isNear ? 'near' : 'exact' };
}

/** Places of the words that a term stands for. */
function placesOf({ kind, words }, known, isTolerant) {
  if (kind === 'prefix') return known.flatMap((word, at) => (word.startsWith(words[0]) ? [at] : []));
  if (kind === 'word') {
    const isMet = (word) => word === words[0] || (isTolerant && words[0].length >= 4 && isOneEdit(word, words[0]));
    return known.flatMap((word, at) => (isMet(word) ? [at] : []));
  }
  return known.flatMap((_, at) => (words.every((word, next) => known[at + next] === word) ? words.map((_, next) => at + next) : []));
}

/** One snippet for each hit that is not in the one before; three at most. */
function snippetsOf(words, places) {
  const snippets = [];
  let last = -1;
  for (const place of places) {
    if (place <= last || snippets.length === 3) continue;
    const begin = Math.max(0, place - 8);
    last = Math.min(words.length, place + 12) - 1;
    let text = '';
    const marks = [];
    for (let at = begin; at <= last; at += 1) {
      if (at > begin) text += ' ';
      if (places.includes(at)) marks.push([text.length, text.length + words[at].text.length]);
      text += words[at].text;
    }
    snippets.push({ text, marks });
  }
  return snippets;
}

const boxOf = ({ box: [left, top, right, bottom] }) => ({ x: left, y: top, width: right - left, height: bottom - top });

const normal = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Whether a letter more, less or another, or two the other way round, make one of the other. */
function isOneEdit(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const isTurned = one[at] === other[at + 1] && one[at + 1] === other[at] && one.slice(at + 2) === other.slice(at + 2);
  return isTurned || one.slice(at + 1) === other.slice(at + 1) || one.slice(at) === other.slice(at + 1) || one.slice(at + 1) === other.slice(at);
}
