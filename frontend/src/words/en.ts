import type { Failure } from '../api/types';
import { Problem } from '../api/problem';
import { documents, upload } from './en/documents';
import { filing, folders, places, retention, tags } from './en/filing';
import { sharing } from './en/sharing';
import { task } from './en/task';
import { asSentence, formatWait } from './format';

/** What a person reads on the first screens; the larger nouns are in `en/`. What only a later screen says is imported there, and comes with it. */
export const words = {
  product: 'UNTXT',
  skip: 'Skip to the content',

  bar: {
    home: 'UNTXT, all documents',
    signedInAs: 'Signed in as',
    search: 'Search',
    queue: 'Queue',
    logOut: 'Log out',
    connecting: 'Connecting…',
    live: 'Live',
    liveHint: 'Pages appear here the moment they are read.',
    retrying: 'Live updates are off, trying again',
    polling: 'Live updates are off, asking every 3 seconds',
  },

  login: {
    title: 'Log in',
    pageTitle: 'Log in · UNTXT',
    promise: 'Scans in, text out. Everything stays on this server, encrypted.',
    login: 'Login',
    password: 'Password',
    submit: 'Log in',
    submitting: 'Logging in…',
    show: 'Show password',
    capsLock: 'Caps Lock is on.',
    ended: 'Your session has ended. Log in to go on where you were.',
    code: 'Code',
    codeText: 'Type the code that your app shows, or one of your recovery codes.',
    back: 'Back',
    wait: (seconds: number) => `Too many attempts. Try again in ${formatWait(seconds)}.`,
    forgot: 'Forgot your password?',
    by: (provider: string) => `Log in with ${provider}`,
    byPasskey: 'Log in with a passkey',
    firstTime: 'First time here?',
    firstTimeHelp:
      'The first login and its password were printed, once, when UNTXT was started. Somebody else runs it? They can make an account for you.',
  },

  documents,
  task,
  upload,
  search: {
    field: 'Search your documents',
    placeholder: 'Words on a page',
    hint: 'Press / to search from anywhere',
    submit: 'Search',
  },
  places,
  folders,
  retention,
  tags,
  filing,
  sharing,
  trash: {
    move: 'Trash',
    moveNamed: (name: string) => `Move ${name} to the trash`,
    moving: 'Moving…',
    /** Until when a document can be taken back. */
    moved: (name: string) => `“${name}” was moved to the trash.`,
    restored: (name: string) => `“${name}” is back.`,
    shred: 'Delete forever…',
    shredNamed: (name: string) => `Delete forever… ${name}`,
  },

  aloud: {
    pageDone: (name: string, ended: number, total: number) => `${name}: page ${ended} of ${total} done`,
    pageKept: (name: string, page: number) => `${name}: page ${page} could not be read again, its older text stays`,
    pageFailed: (name: string, page: number, failure: Failure | undefined) =>
      `${name}: page ${page} failed. ${failure === undefined ? '' : asSentence(failure.sentence)}`,
    taskDone: (name: string, line: string) => `${name}: done, ${line}`,
    taskStopped: (name: string) => `${name}: stopped`,
    taskFailed: (name: string, failure: Failure | null) =>
      `${name} could not be read. ${failure === null ? '' : asSentence(failure.sentence)}`,
    uploaded: (name: string) => `${name} uploaded`,
    receiptReady: (name: string) => `“${name}” was deleted forever. The receipt is signed.`,
  },

  idle: { text: 'Nobody has touched anything for a while. You will be logged out soon.', stay: 'Stay logged in' },

  nowhere: { title: 'There is nothing at this address', back: 'Go to your documents', pageTitle: 'Not found · UNTXT' },
  away: { title: 'The server can’t be reached', text: 'Check your connection. This page keeps trying.', retry: 'Try again' },

  later: { text: 'This part of the page could not be loaded. Check your connection, then reload the page.', reload: 'Reload' },

  /** What to say about anything that went wrong. */
  trouble(problem: unknown): string {
    if (!(problem instanceof Problem)) return 'The server can’t be reached. Check your connection and try again.';
    const said = asSentence(problem.detail);
    if (problem.status >= 500) {
      const reference = problem.requestId === null ? '' : ` Reference: ${problem.requestId}`;
      return `${said || 'Something went wrong on the server. Try again in a moment.'}${reference}`;
    }
    return said || `The server refused this (${problem.status}). Reload the page and try again.`;
  },
};
