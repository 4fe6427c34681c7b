import type { Right } from '../../api/sharing';

const rights: Record<Right, string> = { read: 'can read', correct: 'can correct', manage: 'can manage' };

const hints: Record<Right, string> = {
  read: 'Sees it, searches in it and downloads it.',
  correct: 'Also chooses results, has pages read again and stops that.',
  manage: 'Also deletes it and shares it with others.',
};

export const sharing = {
  open: 'Share…',
  openNamed: (name: string) => `Share… ${name}`,
  title: (name: string) => `Share “${name}”`,
  folderText: 'With everything that lies in it, also what comes later.',
  listName: 'Shared with',
  kind: 'With',
  person: 'a person',
  team: 'a team',
  login: 'Login',
  teamName: 'Name of the team',
  right: 'What they may do',
  rights,
  hints,
  until: 'Last day (empty: no end)',
  give: 'Share',
  giving: 'Sharing…',
  close: 'Close',
  given: (what: string, name: string) => `“${what}” is shared with ${name} now.`,
  asTeam: 'as a team',
  ends: (moment: string) => `until ${moment}`,
  paused: (moment: string) => `paused until ${moment}`,
  pause: 'Pause for a day',
  pauseNamed: (name: string) => `Pause for a day: ${name}`,
  resume: 'End the pause',
  resumeNamed: (name: string) => `End the pause: ${name}`,
  takeBack: 'Stop sharing',
  takeBackNamed: (name: string) => `Stop sharing with ${name}`,
  withMe: 'Shared with me',
  folders: 'Shared folders',
  from: (owner: string) => `from ${owner}`,
  goneTitle: 'There is no such folder',
  goneText: 'It is no longer shared with you, or was deleted.',
  empty: 'Nobody shares anything with you at the moment.',
  emptyFolder: 'No documents lie directly in this folder.',
};
