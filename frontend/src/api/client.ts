import type { Destination, Emptied, Filing, Folder, FolderWish, Receipt, ReceiptList, Tag } from './filing';
import { Problem, Unreachable } from './problem';
import { sendFile, type Progress } from './send_file';
import type {
  CodeWanted,
  Document,
  DocumentList,
  Limits,
  PageContent,
  PageSummary,
  Queue,
  SearchAnswer,
  SearchQuestion,
  SessionAnswer,
  Task,
  TaskEvent,
  Wish,
} from './types';

const ROOT = '/api/v1';

/** What a request may have besides a body. */
interface Manner {
  /** The same key again gives the same answer, and does nothing. */
  key?: string;
  /** Breaks it off. */
  signal?: AbortSignal;
}

/** The only place that talks HTTP. Every answer is typed; every refusal is a `Problem`, every silence `Unreachable`. */
export class Api {
  /** Asked once when the server answers 401; true means "there is a fresh session, send it again". */
  renewSession: () => Promise<boolean> = () => Promise.resolve(false);

  readSession = () => this.#ask<SessionAnswer>('GET', '/session');
  refreshSession = () => this.#ask<SessionAnswer>('POST', '/session/refresh');
  logIn = (login: string, password: string) => this.#ask<SessionAnswer | CodeWanted>('POST', '/session', { login, password });
  sendCode = (pending: string, code: string) => this.#ask<SessionAnswer>('POST', '/session/second-factor', { pending, code });
  acceptInvitation = (secret: string, password: string) => this.#ask<SessionAnswer>('POST', '/invitations/accept', { secret, password });
  logOut = () => this.#ask<void>('DELETE', '/session');

  /** Asks what only one screen asks, which is loaded when somebody goes there. */
  call = <Answer>(method: string, path: string, body?: unknown) => this.#askTwice<Answer>(method, path, body);

  loadLimits = () => this.#askTwice<Limits>('GET', '/limits');

  /** Gives a part of a list of documents, newest first; `which` are the filters of the address. */
  listDocuments(before: string | null = null, which: Record<string, string> = {}, limit = 50): Promise<DocumentList> {
    return this.#askTwice('GET', `/documents?${partAfter(before, limit, which)}`);
  }

  loadDocument = (id: string) => this.#askTwice<Document>('GET', `/documents/${encodeURIComponent(id)}`);
  fileDocument = (id: string, filing: Filing) => this.#askTwice<Document>('PATCH', `/documents/${encodeURIComponent(id)}`, filing);
  /** Moves a document to the trash, or deletes it for good where there is none. */
  trashDocument = (id: string) => this.#askTwice<void>('DELETE', `/documents/${encodeURIComponent(id)}`);
  restoreDocument = (id: string) => this.#askTwice<Document>('POST', `/documents/${encodeURIComponent(id)}/restore`);
  shredDocument = (id: string) => this.#askTwice<void>('DELETE', `/documents/${encodeURIComponent(id)}?forever=true`);
  emptyTrash = () => this.#askTwice<Emptied>('DELETE', '/trash');

  listReceipts = (before: string | null, limit = 50) => this.#askTwice<ReceiptList>('GET', `/receipts?${partAfter(before, limit)}`);
  loadReceipt = (id: string) => this.#askTwice<Receipt>('GET', `/receipts/${encodeURIComponent(id)}`);

  listFolders = async () => (await this.#askTwice<{ folders: Folder[] }>('GET', '/folders')).folders;
  makeFolder = (wish: FolderWish) => this.#askTwice<Folder>('POST', '/folders', wish);
  changeFolder = (id: string, wish: FolderWish) => this.#askTwice<Folder>('PATCH', `/folders/${encodeURIComponent(id)}`, wish);
  removeFolder = (id: string) => this.#askTwice<void>('DELETE', `/folders/${encodeURIComponent(id)}`);

  listTags = async () => (await this.#askTwice<{ tags: Tag[] }>('GET', '/tags')).tags;
  makeTag = (wish: { name: string; colour: string }) => this.#askTwice<Tag>('POST', '/tags', wish);
  changeTag = (id: string, wish: { name: string; colour: string }) =>
    this.#askTwice<Tag>('PATCH', `/tags/${encodeURIComponent(id)}`, wish);
  removeTag = (id: string) => this.#askTwice<void>('DELETE', `/tags/${encodeURIComponent(id)}`);

  stopTask = (id: string) => this.#askTwice<Task>('POST', `/tasks/${encodeURIComponent(id)}/cancel`);

  loadQueue = () => this.#askTwice<Queue>('GET', '/admin/queue');
  /** Stops a task of anybody. */
  stopAnyTask = (id: string) => this.#askTwice<Task>('POST', `/admin/tasks/${encodeURIComponent(id)}/cancel`);
  /** Has what an ended task of anybody left undone done. */
  replayTask = (id: string) => this.#askTwice<Task>('POST', `/admin/tasks/${encodeURIComponent(id)}/replay`);

  async listPages(id: string): Promise<PageSummary[]> {
    const answer = await this.#askTwice<{ pages: PageSummary[] }>('GET', `/documents/${encodeURIComponent(id)}/pages`);
    return answer.pages;
  }

  loadPage = (id: string, page: number) =>
    this.#askTwice<PageContent>('GET', `/documents/${encodeURIComponent(id)}/pages/${page}`);

  /** What a certain run read, whether it is shown or not. */
  loadResult = (id: string, page: number, task: string) =>
    this.#askTwice<PageContent>('GET', `/documents/${encodeURIComponent(id)}/pages/${page}?task=${encodeURIComponent(task)}`);

  /** Has pages read again. The same key again gives the same task, so a lost answer costs nothing. */
  readAgain = (id: string, wish: Wish, key: string) =>
    this.#askTwice<Task>('POST', `/documents/${encodeURIComponent(id)}/tasks`, wish, { key });

  /** Shows the result of a certain run. */
  chooseResult = (id: string, page: number, task: string) =>
    this.#askTwice<Task>('POST', `/documents/${encodeURIComponent(id)}/choices`, { pages: [{ page, task }] });

  async listEvents(task: string, after: number): Promise<TaskEvent[]> {
    const path = `/tasks/${encodeURIComponent(task)}/events?after=${after}`;
    return (await this.#askTwice<{ events: TaskEvent[] }>('GET', path)).events;
  }

  /** Looks for words. They are document text, so they go in the body: addresses are written down on the way. */
  search = (question: SearchQuestion, signal: AbortSignal) =>
    this.#askTwice<SearchAnswer>('POST', '/search', question, { signal });

  /** Uploads one file into a place. The same key again gives the same document, so a lost answer costs nothing. */
  async sendDocument(file: File, key: string, progress: Progress, signal: AbortSignal, to: Destination = {}): Promise<Document> {
    const { folder, tags, team } = to;
    const into = new URLSearchParams({ ...(folder ? { folder } : {}), ...(tags?.length ? { tags: tags.join() } : {}), ...(team ? { team } : {}) });
    const send = () => sendFile<Document>(`${ROOT}/documents${into.size > 0 ? `?${into}` : ''}`, file, key, progress, signal);
    return this.#renewOnce(send);
  }

  #askTwice<Answer>(method: string, path: string, body?: unknown, manner?: Manner): Promise<Answer> {
    return this.#renewOnce(() => this.#ask<Answer>(method, path, body, manner));
  }

  async #renewOnce<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      const expired = error instanceof Problem && error.status === 401;
      if (!expired || !(await this.renewSession())) throw error;
      return send();
    }
  }

  async #ask<Answer>(method: string, path: string, body?: unknown, { key, signal }: Manner = {}): Promise<Answer> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(ROOT + path, {
        method,
        cache: 'no-store',
        ...(signal === undefined ? {} : { signal }),
        ...(body === undefined
          ? {}
          : {
              body: JSON.stringify(body),
              headers: { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Idempotency-Key': key }) },
            }),
      });
      text = await answer.text();
    } catch {
      throw new Unreachable();
    }
    if (!answer.ok) throw Problem.parse(answer.status, text, answer.headers.get('Retry-After'));
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }
}

/** The query for a part of a list: it begins after `before`, or with the newest. */
const partAfter = (before: string | null, limit: number, which: Record<string, string> = {}) =>
  new URLSearchParams({ limit: String(limit), ...(before !== null && { before }), ...which });

/** Where the image is that a run made of a page. */
export const imageAddress = (document: string, page: number, task: string) =>
  `${ROOT}/documents/${encodeURIComponent(document)}/pages/${page}/image?task=${encodeURIComponent(task)}`;

/** Where a receipt is, as the server signed it. */
export const receiptAddress = (document: string) => `${ROOT}/receipts/${encodeURIComponent(document)}`;

/** Where a download is. */
export const downloadAddress = (document: string, what: `formats/${string}` | 'searchable.pdf' | 'original') =>
  `${ROOT}/documents/${encodeURIComponent(document)}/${what}`;
