import type { Scope } from '../../api/account';

export const account = {
  title: 'Account',
  pageTitle: 'Account · UNTXT',
  loading: 'Loading your account…',

  password: {
    title: 'Password',
    explain: 'At least 12 characters; four random words are good. All your other sessions end when you change it.',
    old: 'Password of now',
    new: 'New password',
    again: 'New password again',
    differ: 'The two new passwords are not the same.',
    change: 'Change password',
    changing: 'Changing…',
    changed: 'The password is changed, and all other sessions have ended.',
  },

  mail: {
    title: 'Mail address',
    explain:
      'Where the link goes when you have forgotten your password. Whoever reads the mail there can choose a new one, so take one that only you read.',
    address: 'Address',
    store: 'Store address',
    storing: 'Storing…',
    stored: 'The address is stored.',
    removed: 'The address is removed.',
  },

  factor: {
    title: 'Codes from an app',
    needed: 'This server asks you for codes from an app. Set them up to go on.',
    off: 'A login asks for your password only. With codes from an app, a stolen password is not enough.',
    on: (since: string) => `Logins ask for a code from your app, since ${since}.`,
    left: (codes: number) => `${codes} recovery ${codes === 1 ? 'code is' : 'codes are'} left.`,
    set: 'Set up codes',
    scan: 'Scan this with your authenticator app.',
    picture: 'Picture with the secret for your app',
    type: 'Or type this into the app:',
    code: 'Code from the app',
    confirm: 'Confirm',
    confirming: 'Checking…',
    cancel: 'Not now',
    remove: 'Remove codes',
    removeTitle: 'Log in without codes again?',
    removeText: 'Your password alone will open your documents. Type a code to do that.',
    removing: 'Removing…',
    keep: 'Keep codes',
    renew: 'New recovery codes',
    codesTitle: 'Your recovery codes',
    codesText: 'Each lets you in once when your phone is gone. Print them or write them down now: they are not shown again.',
    stored: 'I have them',
  },

  identities: {
    title: 'Logins of other services',
    explain: 'What you have tied to your account lets you in without your password here.',
    none: 'Nothing is tied to your account.',
    unknown: (id: string) => `${id} (no longer used here)`,
    used: (when: string | null) => (when === null ? 'not used yet' : `last used ${when}`),
    add: (provider: string) => `Tie a login of ${provider}…`,
    remove: 'Untie…',
    removeOf: (provider: string) => `Untie the login of ${provider}`,
    removeTitle: 'Untie this login?',
    removeText: (provider: string) => `Your login of ${provider} will not let you in here any more. Sessions that have begun go on.`,
    removeYes: 'Untie it',
    keep: 'Keep it',
    removing: 'Untying…',
  },

  sessions: {
    title: 'Where you are logged in',
    unknown: 'Unknown device',
    current: 'This one',
    used: (when: string) => `used ${when}`,
    began: (when: string) => `since ${when}`,
    end: 'End',
    endOf: (device: string) => `End the session on ${device}`,
    endOthers: 'End all others',
    none: 'You are logged in nowhere else.',
  },

  tokens: {
    title: 'Tokens for programs',
    explain: 'A token lets a program in as you, for what you choose, until it runs out. Whoever has it needs no password.',
    none: 'There are no tokens.',
    new: 'New token',
    newTitle: 'Make a token',
    name: 'Name',
    nameHint: 'What it is for, so that you know it again. It is stored in clear.',
    scopes: 'Good for',
    days: 'Runs out after',
    dayChoice: (days: number) => (days === 365 ? 'a year' : `${days} days`),
    make: 'Make it',
    making: 'Making…',
    cancel: 'Cancel',
    made: 'Copy this token now. It is not shown again.',
    copy: 'Copy',
    copied: 'Copied',
    close: 'I have it',
    ends: (when: string) => `until ${when}`,
    ended: 'has run out',
    used: (when: string) => `last used ${when}`,
    unused: 'never used',
    revoke: 'Revoke',
    revokeOf: (name: string) => `Revoke ${name}`,
    revokeTitle: 'Revoke this token?',
    revokeText: (name: string) => `Programs that use “${name}” are let in no more, at once.`,
    revoking: 'Revoking…',
    keep: 'Keep it',
    scope: {
      'documents:read': 'Read documents',
      'documents:write': 'Upload and file documents',
      'documents:delete': 'Delete documents',
      'tasks:read': 'See how far reading is',
      'tasks:write': 'Start and stop reading',
      search: 'Search',
      'audit:read': 'Read the audit record',
      queue: 'Manage the queue',
    } satisfies Record<Scope, string>,
  },

  usage: {
    title: 'What you use',
    pages: 'Pages this month',
    bytes: 'Files',
    of: (used: string, limit: string) => `${used} of ${limit}`,
    anew: (day: string) => `Counted anew from ${day}.`,
    trash: 'What lies in the trash counts.',
  },

  export: {
    title: 'Take everything with you',
    explain:
      'One zip with all your documents as they came and as they were read, your folders and tags, and a list of what is in it. It is not encrypted: keep it safe. Documents of teams and of others are not in it.',
    act: 'Download everything…',
  },

  emergency: {
    title: 'Read in an emergency',
    explain: 'Somebody read, or could read, documents of yours that you had not shared with them. Ask an administrator if you do not know why.',
    by: (login: string) => `by ${login}`,
    when: (from: string, until: string) => `From ${from} until ${until}.`,
    read: (value: number) => (value === 0 ? 'Nothing was read.' : value === 1 ? 'One document was read.' : `${value} documents were read.`),
    of: (team: string) => `Documents of ${team}.`,
    document: 'The document',
    everything: 'All documents',
  },

  invitation: {
    title: 'Welcome',
    pageTitle: 'Welcome · UNTXT',
    text: 'Choose a password of at least 12 characters; four random words are good. Nobody else gets to know it.',
    go: 'Begin',
    doing: 'One moment…',
  },

  proof: {
    title: 'Is it still you?',
    text: 'This needs a fresh proof of who you are.',
    password: 'Password',
    code: 'Code from the app, or a recovery code',
    passkey: 'Use a passkey instead',
    yes: 'Go on',
    doing: 'Checking…',
    no: 'Cancel',
  },
};

/** A new password for whoever forgot theirs. */
export const reset = {
  title: 'New password',
  pageTitle: 'New password · UNTXT',
  text: 'Type your login or your mail address, and you get a link to a new password.',
  name: 'Login or mail address',
  send: 'Send the link',
  sending: 'Sending…',
  sent: (minutes: number) =>
    `If somebody has this name and a mail address, a link is on its way. It is good once, for ${minutes} minutes. No mail? Ask an administrator.`,
  set: 'Set password',
  done: 'The new password holds, and all your sessions have ended. Log in with it.',
  back: 'Go to the login',
};

/** The way back from a provider of logins. */
export const provider = {
  pageTitle: 'Log in · UNTXT',
  title: 'Log in',
  busy: 'One moment…',
  refused: 'The other service did not log you in.',
  loggedOut: 'Your session here has ended meanwhile. Log in and try again.',
  back: 'Go on',
};
