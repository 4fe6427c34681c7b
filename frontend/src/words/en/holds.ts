import type { LegalHold } from '../../api/holds';

type Kind = 'document' | 'user' | 'team';

const kinds: Record<Kind, string> = { document: 'one document', user: 'everything of a person', team: 'everything of a team' };

const fields: Record<Kind, string> = { document: 'Number of the document', user: 'Login', team: 'Number of the team' };

const hints: Record<Kind, string> = {
  document: 'The last part of its address; the whole address does, too.',
  user: 'What they have now and what they get later.',
  team: 'The last part of its address; the whole address does, too. It holds what the team has now and what it gets later.',
};

const notFound: Record<Kind, string> = {
  document: 'There is no number of a document in it. Copy the address of the document and paste it here.',
  user: 'Nobody has this login. It must be the whole login.',
  team: 'There is no number of a team in it. Copy the address of the team and paste it here.',
};

export const holds = {
  title: 'Legal holds',
  pageTitle: 'Legal holds · UNTXT',
  explain: 'What is held is not deleted for good, by nobody and by no rule, until the hold is lifted. It can still be read, filed and put into the trash.',
  listName: 'Holds',
  loading: 'Loading the holds…',
  more: 'Show older holds',
  emptyTitle: 'Nothing is held',
  emptyText:
    'When documents may be needed as evidence, in a lawsuit or an audit, set a hold: of one document, or of all that a person or a team has. Whoever works with it goes on as before; who tries to delete it for good is told that a hold keeps it. Every hold that is set or lifted is on record.',

  set: 'Set a hold…',
  setTitle: 'Set a hold',
  setText: 'It begins at once and has no end: you lift it when the case is closed.',
  reference: 'Case number',
  referenceHint: 'Letters, digits, spaces and . _ / - only. It is stored in clear: no names of people.',
  kind: 'What is held',
  kinds,
  fields,
  hints,
  notFound,
  yes: 'Set the hold',
  doing: 'Setting…',
  no: 'Cancel',
  done: (reference: string) => `The hold “${reference}” is set.`,

  person: (login: string) => `Everything of ${login}`,
  document: 'One document',
  team: 'Everything of a team',
  by: (login: string) => `set by ${login}`,

  lift: 'Lift…',
  liftNamed: ({ reference }: LegalHold) => `Lift the hold ${reference}`,
  liftTitle: (reference: string) => `Lift the hold “${reference}”?`,
  liftText:
    'What it kept goes the way that its owner, the rule of its folder or the trash has for it: what is due is deleted for good, maybe within seconds. Another hold of the same thing goes on.',
  liftYes: 'Lift the hold',
  liftNo: 'Keep it',
  lifting: 'Lifting…',
  lifted: (reference: string) => `The hold “${reference}” is lifted.`,
};
