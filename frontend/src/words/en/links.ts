import type { LinkFormat, LinkState } from '../../api/links';
import { countPages, formatNumber, formatSize } from '../format';

const formats: Record<LinkFormat, string> = { pdf: 'Searchable PDF', text: 'Text', original: 'Original file' };

const states: Record<LinkState, string> = {
  good: 'Open',
  expired: 'Run out',
  used_up: 'Used up',
  locked: 'Locked: too many wrong passwords',
  ended: 'Ended',
  void: 'Its maker may no longer share this',
};

/** Documents for whoever has a link: how one is made and ended. */
export const links = {
  open: 'Public links…',
  title: (name: string) => `Public links to “${name}”`,
  text: 'Whoever has a link sees this document, without an account, until the link ends. Every opening is on record.',
  listName: 'Links to this document',
  formats,
  states,
  what: 'What it gives',
  until: 'Last day',
  password: 'Password (empty: none)',
  passwordHint: '8 characters at least. Tell it by another way than the link.',
  uses: 'Openings (empty: no limit)',
  make: 'Make a link',
  making: 'Making…',
  close: 'Close',
  made: 'Copy it now: it is not shown again.',
  copy: 'Copy the link',
  copied: 'Copied',
  ends: (moment: string) => `until ${moment}`,
  opened: (used: number, uses: number | null) => (uses === null ? `opened ${formatNumber(used)} times` : `opened ${formatNumber(used)} of ${formatNumber(uses)} times`),
  withPassword: 'with a password',
  end: 'End it',
  endNamed: (what: string) => `End it: ${what}`,
};

/** The page of whoever comes by a link. */
export const linked = {
  pageTitle: 'A document for you · UNTXT',
  title: 'A document for you',
  password: 'Password',
  passwordText: 'This link asks for a password. Whoever sent it to you has it.',
  open: 'Open',
  opening: 'Opening…',
  size: (pages: number, bytes: number) => `${countPages(pages)}, ${formatSize(bytes)}`,
  get: (format: LinkFormat) => `Download: ${formats[format]}`,
  read: 'Read the text here',
  until: (moment: string) => `This page stays open until ${moment}. After that, open the link again.`,
};
