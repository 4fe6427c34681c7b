import { createContext } from 'svelte';

import { Api } from './api/client';
import type { DocumentChange } from './api/filing';
import type { Document, TaskEvent } from './api/types';
import type { DocumentEntry } from './documents/document_entry.svelte';
import { Documents } from './documents/documents.svelte';
import { Drop } from './documents/drop.svelte';
import { ALL } from './documents/shelf';
import { Uploads, type Upload } from './documents/uploads.svelte';
import { uploadTrouble } from './documents/upload_trouble';
import { Filer } from './filing/filer.svelte';
import { Folders } from './folders/folders.svelte';
import { Announcer } from './live/announcer.svelte';
import { Live } from './live/live.svelte';
import { Notices } from './live/notices.svelte';
import { Ticker } from './live/ticker.svelte';
import { Navigation } from './navigation/navigation.svelte';
import { Comparison } from './pages/comparison.svelte';
import { PageView } from './pages/page_view.svelte';
import { Queue } from './queue/queue.svelte';
import { Receipts } from './receipts/receipts.svelte';
import { Search } from './search/search.svelte';
import { Session } from './session/session.svelte';
import { Sharing } from './sharing/sharing.svelte';
import { Tags } from './tags/tags.svelte';
import { Trash } from './trash/trash.svelte';
import { words } from './words/en';

const ENDED_MS = 500;

/** Everything that lives as long as the tab, and how it is wired. */
export class App {
  readonly api = new Api();
  readonly announcer = new Announcer();
  readonly navigation = new Navigation();
  readonly session = new Session(this.api);
  readonly documents = new Documents(this.api);
  readonly folders = new Folders(this.api);
  readonly tags = new Tags(this.api);
  readonly sharing = new Sharing(this.api);
  readonly trash = new Trash(this.api);
  readonly receipts = new Receipts(this.api);
  readonly notices = new Notices();
  readonly filer = new Filer(this);
  readonly uploads = new Uploads(this, () => this.documents.limits);
  readonly drop = new Drop((files, directories) => {
    if (this.session.state !== 'in') return;
    const { place } = this.navigation;
    if (place.screen === 'team') return this.uploads.add(files, { team: place.id }, directories);
    const shelf = place.screen === 'documents' ? place.shelf : ALL;
    this.uploads.add(files, this.filer.placeOf(shelf), directories);
    if (place.screen !== 'documents') this.navigation.go('/');
  });
  readonly ticker = new Ticker();
  readonly pageView = new PageView(this.api, (...where) => this.search.boxesOn(...where));
  readonly comparison = new Comparison(this.api);
  readonly search = new Search(this.api);
  readonly queue = new Queue(this.api, () => this.session.isAway);
  readonly live = new Live({
    hear: (event) => void this.documents.hear(event).catch(() => undefined),
    hearPlaces: (places) => this.documents.hearPlaces(places),
    hearChange: (document, change) => void this.#hearChange(document, change).catch(() => undefined),
    resync: () => void (this.session.isAway || Promise.all([this.documents.resync(), this.sharing.load()])),
    // A moment later: the session may only have got another id, and the cookies are still on their way.
    ended: () => void setTimeout(() => void this.session.renew().then((isIn) => isIn && this.live.start()), ENDED_MS),
    isBusy: () => this.documents.isBusy,
  });

  start(): void {
    this.session.onLeave = () => this.#forget();
    // Uploads wait for the same person to come back; nobody else may send them.
    this.session.onChange = () => this.uploads.clear();
    this.documents.onRemove = (id) => this.search.forget(id);
    this.documents.onFile = () => void this.filer.load();
    this.receipts.onSigned = (name) => this.announcer.progress(words.aloud.receiptReady(name));
    this.documents.onEvent = (entry, event) => this.#tell(entry, event);
    this.uploads.onStored = (document) => {
      const entry = this.documents.add(document);
      if (document.folder !== null || document.tags.length > 0) void this.filer.load();
      this.announcer.progress(words.aloud.uploaded(document.name));
      void this.documents.loadPages(entry).catch(() => undefined);
    };
    this.uploads.onTrouble = (upload) => this.#tellTrouble(upload);
    this.navigation.start();
    this.drop.start();
    this.#watchBrowser();
    void this.session.start();
  }

  /** A server that refuses a login may do so before it has read the file, and then no answer arrives at all. */
  async sendDocument(...upload: Parameters<Api['sendDocument']>): Promise<Document> {
    await this.session.freshen();
    return this.api.sendDocument(...upload);
  }

  /** What one person saw is gone before anybody else sits down here. */
  #forget(): void {
    this.live.stop();
    this.documents.clear();
    this.pageView.clear();
    this.comparison.close();
    this.search.clear();
    this.queue.clear();
    this.folders.clear();
    this.tags.clear();
    this.sharing.clear();
    this.trash.clear();
    this.receipts.clear();
    this.notices.close();
    this.announcer.clear();
  }

  async #hearChange(document: string, change: DocumentChange): Promise<void> {
    if (this.trash.hasLoaded) void this.trash.load();
    await this.documents.hearChange(document, change);
  }

  #watchBrowser(): void {
    for (const name of ['pointerdown', 'keydown', 'wheel']) {
      addEventListener(name, () => this.session.touch(), { passive: true });
    }
    addEventListener('online', () => this.live.wake());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      this.session.touch();
      this.live.wake();
    });
  }

  #tell(entry: DocumentEntry, event: TaskEvent): void {
    const { name } = entry.document;
    const { done, failed, total } = event.pages;
    if (event.type === 'page.done') this.announcer.progress(words.aloud.pageDone(name, done + failed, total));
    else if (event.type === 'page.failed') this.announcer.trouble(words.aloud.pageFailed(name, event.page ?? 0, event.failure));
    else if (event.type === 'page.kept') this.announcer.progress(words.aloud.pageKept(name, event.page ?? 0));
    else if (event.type === 'task.failed') this.announcer.trouble(words.aloud.taskFailed(name, event.failure ?? entry.task.failure));
    else if (event.type === 'task.cancelled') this.announcer.progress(words.aloud.taskStopped(name));
    else if (event.type === 'task.done' || event.type === 'task.done_with_errors') {
      this.announcer.progress(words.aloud.taskDone(name, words.task.line(entry.task)));
    }
  }

  #tellTrouble(upload: Upload): void {
    const why = uploadTrouble(upload, this.documents.limits);
    this.announcer.trouble(words.upload.refusedAloud(upload.file.name, why));
  }
}

export const [getApp, setApp] = createContext<App>();
