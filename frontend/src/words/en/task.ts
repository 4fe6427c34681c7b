import type { Failure, Place, Task } from '../../api/types';
import { asSentence, countPages, formatAbout, formatNumber, formatOrdinal, formatWait } from '../format';

export const task = {
  /** One line: where the document stands. Never "finished" when a page failed. */
  line({ state, pages }: Task, place: Place | null = null): string {
    const { total, done, failed, low } = pages;
    switch (state) {
      case 'queued':
        return place === null || place.workers_alive === 0 ? 'Waiting for a free reader' : task.place(place);
      case 'inspecting':
        return 'Counting the pages';
      case 'processing':
        return `${formatNumber(done + failed)} of ${countPages(total)}`;
      case 'finishing':
        return `All ${countPages(total)} read, making the searchable PDF`;
      case 'failed':
        return 'Could not be read';
      case 'cancelled':
        return total > 0 ? `Stopped, ${formatNumber(done)} of ${countPages(total)} read` : 'Stopped before it was opened';
      default: {
        const parts = [countPages(total)];
        if (low > 0) parts.push(`${formatNumber(low)} to check`);
        if (failed > 0) parts.push(`${formatNumber(failed)} failed`);
        return parts.join(' · ');
      }
    }
  },
  badge: {
    queued: 'Waiting',
    inspecting: 'Opening',
    processing: 'Reading',
    finishing: 'Finishing',
    done: 'Done',
    done_with_errors: 'Done, with errors',
    failed: 'Failed',
    cancelled: 'Stopped',
  },
  check: 'Done, check',
  stop: 'Stop',
  stopNamed: (name: string) => `Stop reading ${name}`,
  stopping: 'Stopping…',
  /** "3rd in the queue, about 40 s". */
  place(place: Place): string {
    const standing = place.pages_before === 0 ? 'Next in the queue' : `${formatOrdinal(place.pages_before + 1)} in the queue`;
    return place.eta_seconds === null ? standing : `${standing}, ${formatAbout(place.eta_seconds)}`;
  },
  noWorker: 'No worker is running: your document is safe and waits.',
  /** How long the rest will take, no more exact than it can be. */
  left: (seconds: number) => `${formatAbout(seconds)} left`,
  stuck: (seconds: number) =>
    `Nobody has begun with it for ${formatWait(seconds)}. Other documents may be in front; if this stays, ask your administrator whether a worker is running.`,
  failure: (failure: Failure) => asSentence(failure.sentence),
  advice: (failure: Failure) => asSentence(failure.advice),
};
