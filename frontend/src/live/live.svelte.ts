import type { DocumentChange } from '../api/filing';
import type { Place, TaskEvent } from '../api/types';

export type LiveState = 'off' | 'connecting' | 'live' | 'retrying' | 'polling';

const POLL_AFTER_FAILURES = 3;
const POLL_EVERY_MS = 3_000;
const LONGEST_PAUSE_MS = 30_000;
/** While something is being read, silence of this length is checked: a half-open connection looks the same. */
const QUIET_MS = 25_000;
/** The server's way to say that the session is over. */
const SESSION_ENDED = 4401;

/** What the connection needs from a socket; a test brings its own. */
export type Socket = Pick<WebSocket, 'onmessage' | 'onclose' | 'close'>;

export interface Listener {
  /** One event; may be old, doubled or out of order. */
  hear(event: TaskEvent): void;
  /** Where tasks stand in their queues, by their ids; who is missing has no place. */
  hearPlaces(places: Record<string, Place>): void;
  /** What became of a document, here or in another tab. */
  hearChange(document: string, change: DocumentChange): void;
  /** Events may have been missed. */
  resync(): void;
  /** The server ended the session. */
  ended(): void;
  /** Whether anything is still being read. */
  isBusy(): boolean;
}

/** One WebSocket for all documents. It comes back by itself, and the page polls while it can't. */
export class Live {
  state: LiveState = $state('off');

  #listener: Listener;
  #open: () => Socket;
  #socket: Socket | null = null;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: Listener, open: () => Socket = openSocket) {
    this.#listener = listener;
    this.#open = open;
  }

  start(): void {
    if (this.state !== 'off') return;
    this.state = 'connecting';
    this.#connect();
  }

  stop(): void {
    this.state = 'off';
    this.#failures = 0;
    clearTimeout(this.#retry);
    clearTimeout(this.#quiet);
    this.#stopPolling();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** The network came back, or somebody looks at the page again: no reason to wait. */
  wake(): void {
    if (this.state !== 'retrying' && this.state !== 'polling') return;
    if (this.#socket === null) this.#connect();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const socket = this.#open();
    this.#socket = socket;
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#receive(String(message.data));
    };
    socket.onclose = (close) => {
      if (socket === this.#socket) this.#lose(close.code);
    };
  }

  #receive(text: string): void {
    let message: { type?: unknown };
    try {
      message = JSON.parse(text) as { type?: unknown };
    } catch {
      return;
    }
    this.#watchQuiet();
    if (message.type === 'hello') this.#greet();
    else if (message.type === 'resync') this.#listener.resync();
    else if (isPlaces(message)) this.#listener.hearPlaces(message.places);
    else if (isChange(message)) this.#listener.hearChange(message.document, message.change);
    else if (isEvent(message)) this.#listener.hear(message);
  }

  #greet(): void {
    this.#failures = 0;
    this.#stopPolling();
    this.state = 'live';
    // Also on the first hello: what happened between loading the list and this moment, such as an upload in another tab,
    // was told to nobody.
    this.#listener.resync();
  }

  #lose(code: number): void {
    this.#socket = null;
    clearTimeout(this.#quiet);
    if (code === SESSION_ENDED) {
      this.stop();
      this.#listener.ended();
      return;
    }
    this.#failures += 1;
    this.state = this.#failures >= POLL_AFTER_FAILURES ? 'polling' : 'retrying';
    if (this.state === 'polling') this.#startPolling();
    // Jitter, so that a restarted server is not met by every browser in the same moment.
    const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.#connect(), pause);
  }

  #startPolling(): void {
    this.#poll ??= setInterval(() => this.#listener.resync(), POLL_EVERY_MS);
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #watchQuiet(): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      if (this.state !== 'live') return;
      if (this.#listener.isBusy()) this.#listener.resync();
      this.#watchQuiet();
    }, QUIET_MS);
  }
}

function openSocket(): Socket {
  return new WebSocket(`${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}/api/v1/live`);
}

function isEvent(message: object): message is TaskEvent {
  return 'seq' in message && 'task' in message && 'document' in message && 'pages' in message;
}

function isChange(message: { type?: unknown }): message is { type: 'document'; document: string; change: DocumentChange } {
  return message.type === 'document' && 'document' in message && 'change' in message;
}

function isPlaces(message: { type?: unknown }): message is { type: 'places'; places: Record<string, Place> } {
  return message.type === 'places' && 'places' in message && typeof message.places === 'object' && message.places !== null;
}
