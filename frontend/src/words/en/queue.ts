import type { DeadLetter, Queue, QueueTask, QueueWorker } from '../../api/types';
import { asSentence, count, countPages, formatAge, formatNumber, formatWait } from '../format';
import { task as ofTask } from './task';

const tasks = (total: number) => count(total, 'task', 'tasks');
const workers = (total: number) => count(total, 'worker', 'workers');
const verb = (total: number, one: string, many: string) => (total === 1 ? one : many);

/** "for 4 min", or "the longest for 4 min". */
const since = (total: number, seconds: number | null) =>
  seconds === null ? '' : `, ${total === 1 ? '' : 'the longest '}for ${formatAge(seconds)}`;

export const queue = {
  title: 'Queue',
  pageTitle: 'Queue · UNTXT',
  loading: 'Looking at the queue…',
  stale: 'This is what was known before.',

  /** What is going on, or why nothing is. */
  state({ totals }: Queue): string {
    const { workers: alive, open_tasks: open, waiting_tasks: waiting, longest_wait_seconds: longest } = totals;
    const busy = Math.max(0, open - waiting);
    if (alive === 0) {
      if (open === 0) return 'No worker is running. Nothing waits for one.';
      const safe = `${verb(open, 'its document is', 'their documents are')} safe`;
      return `No worker is running: ${tasks(open)} ${verb(open, 'waits', 'wait')}${since(open, longest)}; ${safe}.`;
    }
    if (open === 0) return `${workers(alive)} ${verb(alive, 'is', 'are')} ready. Nothing waits.`;
    const wait = `${verb(waiting, 'waits', 'wait')}${since(waiting, longest)}`;
    if (busy === 0) return `${workers(alive)} ${verb(alive, 'is', 'are')} ready; ${tasks(waiting)} ${wait}.`;
    const reads = `${workers(alive)} ${verb(alive, 'reads', 'read')} ${tasks(busy)}`;
    return waiting === 0 ? `${reads}. Nothing waits.` : `${reads}; ${formatNumber(waiting)} more ${wait}.`;
  },

  /** What to do about it; nothing when all goes well. */
  advice({ totals, tasks: shown }: Queue): string[] {
    const said: string[] = [];
    if (totals.workers === 0) said.push('Start a worker, or look into its log why it stopped. Everything goes on by itself then.');
    const paused = shown.filter(({ paused_seconds }) => paused_seconds !== null).length;
    if (paused > 0) {
      said.push(`${tasks(paused)} ${verb(paused, 'is', 'are')} put off because something did not answer, such as the object store or the virus scanner. ${verb(paused, 'It is', 'They are')} tried again by ${verb(paused, 'itself', 'themselves')}.`);
    }
    if (totals.dead_letters > 0) said.push(`${count(totals.dead_letters, 'page or document was', 'pages or documents were')} given up and ${verb(totals.dead_letters, 'needs', 'need')} you: see below.`);
    return said;
  },

  open: {
    title: 'Open tasks',
    none: 'No task is open.',
    more: (shown: number, total: number) => `The oldest ${formatNumber(shown)} of ${formatNumber(total)} are shown.`,
    whose: 'Whose',
    stands: 'Where it stands',
    age: 'Age',
    act: 'Stop',
    bulk: 'bulk',
    old: (seconds: number) => `${formatAge(seconds)} old`,
    /** One line: where it stands. */
    line({ state, pages }: QueueTask): string {
      const badge = ofTask.badge[state];
      return pages.total > 0 ? `${badge}, ${formatNumber(pages.ended)} of ${countPages(pages.total)} read` : badge;
    },
    /** What happens to it next. */
    next({ state, pages, held_seconds: held, paused_seconds: paused }: QueueTask, alive: number): string {
      if (held !== null) return 'A worker has it.';
      if (pages.in_work > 0) return `${countPages(pages.in_work)} ${verb(pages.in_work, 'is', 'are')} being read.`;
      if (alive === 0) return 'Waits for a worker.';
      if (state === 'inspecting') return 'Its worker fell silent; another one takes it over.';
      if (paused !== null) return `Put off for ${formatWait(paused)}: something did not answer.`;
      return 'Waits for its turn.';
    },
    stop: 'Stop',
    stopNamed: ({ owner }: QueueTask, id: string) => `Stop task ${id} of ${owner}`,
    copy: (id: string) => `Copy the id of task ${id}`,
    copied: 'Copied',
  },

  stop: {
    title: 'Stop this task?',
    text: (owner: string) =>
      `The document of ${owner} stays, with the pages that were read so far. They see that it was stopped, and can have the rest read later.`,
    yes: 'Stop it',
    no: 'Let it go on',
    stopping: 'Stopping…',
    done: 'The task was stopped.',
  },

  given: {
    title: 'Given up',
    none: 'Nothing was given up.',
    more: (shown: number, total: number) => `The newest ${formatNumber(shown)} of ${formatNumber(total)} are shown.`,
    what: ({ page }: DeadLetter) => (page === null ? 'A whole document' : `Page ${formatNumber(page)}`),
    attempts: (total: number) => `after ${count(total, 'attempt', 'attempts')}`,
    why: ({ failure }: DeadLetter) => asSentence(failure.sentence),
    advice: ({ failure }: DeadLetter) => asSentence(failure.advice),
    replay: 'Read again',
    replayNamed: ({ page }: DeadLetter, id: string) =>
      page === null ? `Read again: the document of task ${id}` : `Read again: page ${formatNumber(page)} of task ${id}`,
    replaying: 'One moment…',
    done: 'The document is being read again.',
  },

  workers: {
    title: 'Workers',
    none: 'No worker was heard of in the last 15 seconds.',
    id: 'Worker',
    version: ({ version }: QueueWorker) => `version ${version}`,
    slots: 'Pages at once',
    pace: 'Pace',
    paceOf: ({ page_seconds: mean }: QueueWorker) => (mean === null ? 'has read none' : `${mean.toFixed(1)} s a page`),
    dropped: 'Dropped',
    droppedHint: 'Wake-ups that it could not read. Nothing is lost by that, but another version may be at work.',
  },
};
