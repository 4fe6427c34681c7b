import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import type { Api } from '../api/client';
import { missing } from '../api/problem';
import type { Document, Limits, Place, TaskEvent, Wish } from '../api/types';
import type { DocumentChange, Filing } from '../api/filing';
import { DocumentEntry, isOfLaterTask } from './document_entry.svelte';
import { Listing, newestFirst } from './listing.svelte';
import { OnceEach } from './once_each';
import { ALL, filtersOf, holds, isSameShelf, type Shelf } from './shelf';

/** What changed, for whoever announces it. */
export type Heard = (entry: DocumentEntry, event: TaskEvent) => void;

/**
 * The documents of the person who is logged in, newest first. Kept current by events; whatever is missing is asked
 * for, so that a lost, late or doubled event never shows.
 */
export class Documents {
  /** Which of them are on the screen. */
  listing: Listing = $state.raw(new Listing(ALL));
  limits: Limits | null = $state.raw(null);
  onEvent: Heard = () => {};
  onRemove: (id: string) => void = () => {};
  /** Told when there are more or fewer documents somewhere. */
  onFile: () => void = () => {};

  #api: Api;
  #entries = new SvelteMap<string, DocumentEntry>();
  #catching = new Map<string, Promise<void>>();
  #unknown = new Map<string, Promise<DocumentEntry | null>>();
  #refreshing = new OnceEach();
  #deleted = new SvelteSet<string>();
  /** Ids of the person's teams, as far as they were asked for: what is a team's is not shared with its members. */
  #teams: ReadonlySet<string> = $state.raw(new Set<string>());
  /** Rises with every change of person, so that late answers for the one before are dropped. */
  #era = 0;

  #all = $derived([...this.#entries.values()].sort((a, b) => newestFirst(a.document, b.document)));
  list = $derived(this.#all.filter(({ document }) => holds(this.listing.shelf, document, this.#teams) && this.listing.isInReach(document)));
  isBusy = $derived(this.#all.some((entry) => !entry.isFinal));

  constructor(api: Api) {
    this.#api = api;
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#era += 1;
    this.#entries.clear();
    this.#catching.clear();
    this.#unknown.clear();
    this.#refreshing.clear();
    this.#deleted.clear();
    this.#teams = new Set();
    this.listing = new Listing(ALL);
  }

  /** Lists these, and loads the newest of them. */
  async show(shelf: Shelf): Promise<void> {
    if (!isSameShelf(shelf, this.listing.shelf)) this.listing = new Listing(shelf);
    await this.load();
  }

  find(id: string): DocumentEntry | undefined {
    return this.#entries.get(id);
  }

  /** Loads the newest documents, or brings the known ones up to date. */
  async load(): Promise<void> {
    const { listing } = this;
    await listing.load(async () => {
      await this.loadLimits();
      if (listing.shelf.kind === 'shared') await this.#loadTeams();
      const askedAt = Date.now();
      const answer = await this.#api.listDocuments(null, filtersOf(listing.shelf));
      if (listing !== this.listing) return;
      if (!listing.hasLoaded) listing.reach(answer);
      for (const entry of listing.vanished(this.list, answer, askedAt)) this.#lose(entry, listing);
      listing.hasLoaded = true;
      for (const document of answer.documents) this.#takeNews(document);
    });
  }

  /** Loads what the server takes and which languages it reads, once. */
  async loadLimits(): Promise<void> {
    this.limits ??= await this.#api.loadLimits();
  }

  async loadMore(): Promise<void> {
    const { listing } = this;
    const before = listing.next;
    if (before === null || listing.isLoading) return;
    await listing.load(async () => {
      const answer = await this.#api.listDocuments(before, filtersOf(listing.shelf));
      if (listing !== this.listing) return;
      listing.reach(answer);
      for (const document of answer.documents) this.#takeNews(document);
    });
  }

  /** Gives a document with its pages; null when there is none (any more). */
  async open(id: string): Promise<DocumentEntry | null> {
    const era = this.#era;
    const document = await this.#api.loadDocument(id).catch(missing);
    if (era !== this.#era) return null;
    if (document === null) {
      this.#entries.delete(id);
      return null;
    }
    const entry = this.add(document);
    // What is in the trash shows nothing but its name.
    if (document.trashed_at === null) await this.loadPages(entry);
    return entry;
  }

  async loadPages(entry: DocumentEntry): Promise<void> {
    const pages = await this.#api.listPages(entry.document.id).catch(missing);
    if (pages !== null) entry.mergePages(pages);
  }

  /** Adds a document that the server just told us of, or merges it into what is known. */
  add(document: Document): DocumentEntry {
    const known = this.#entries.get(document.id);
    if (known !== undefined) {
      known.merge(document);
      return known;
    }
    const entry = new DocumentEntry(document);
    if (!this.#deleted.has(document.id)) this.#entries.set(document.id, entry);
    return entry;
  }

  /** Moves a document to the trash, or deletes it for good where there is none. */
  async remove(id: string): Promise<void> {
    await this.#api.trashDocument(id).catch(missing);
    const entry = this.#entries.get(id);
    if (this.limits?.trash_days === 0) this.forget(id);
    else entry?.describe({ ...entry.document, trashed_at: new Date().toISOString() });
    this.onRemove(id);
    this.onFile();
  }

  /** A document was deleted for good: what is still told of it is old. */
  forget(id: string): void {
    this.#deleted.add(id);
    this.#entries.delete(id);
    this.onRemove(id);
  }

  wasDeleted(id: string): boolean {
    return this.#deleted.has(id);
  }

  /** Takes what was done to a document, here or elsewhere. */
  async hearChange(id: string, change: DocumentChange): Promise<void> {
    if (change === 'deleted') this.forget(id);
    else if (change === 'restored' || this.#entries.has(id)) await this.open(id);
    if (change === 'trashed') this.onRemove(id);
    this.onFile();
  }

  /** Takes a document out of the trash. */
  async restore(id: string): Promise<void> {
    const entry = this.add(await this.#api.restoreDocument(id));
    this.onFile();
    await this.loadPages(entry);
  }

  /** Moves a document to another folder, or gives it other tags. */
  async file(entry: DocumentEntry, filing: Filing): Promise<void> {
    entry.describe(await this.#api.fileDocument(entry.document.id, filing));
    this.onFile();
  }

  /** A folder or a tag is gone: says of each known document what that changed. */
  refile(change: (document: Document) => Filing): void {
    for (const entry of this.#all) entry.describe({ ...entry.document, ...change(entry.document) });
    this.onFile();
  }

  /** Stops the reading of a document; what was read by then stays. */
  async stop(entry: DocumentEntry): Promise<void> {
    const { id } = entry.task;
    const task = await this.#api.stopTask(id).catch(missing);
    // the events tell which pages were left
    if (task === null || (entry.task.id === id && task.last_seq > entry.task.last_seq)) await this.catchUp(entry);
  }

  /** Has pages read again; until they are, they stay as they are. */
  async readAgain(entry: DocumentEntry, wish: Wish, key: string): Promise<void> {
    await this.#api.readAgain(entry.document.id, wish, key);
    await this.refresh(entry);
  }

  /** Shows the result of a certain run on a page. */
  async chooseResult(entry: DocumentEntry, page: number, task: string): Promise<void> {
    await this.#api.chooseResult(entry.document.id, page, task);
    await this.refresh(entry);
  }

  /** Asks anew for a document and its pages, once at a time; who asks meanwhile gets a later answer than this one. */
  refresh({ document: { id } }: DocumentEntry): Promise<void> {
    return this.#refreshing.run(id, async () => void (await this.open(id)));
  }

  /** Takes one event from the live connection. */
  async hear(event: TaskEvent): Promise<void> {
    if (this.#deleted.has(event.document)) return;
    const entry = this.#entries.get(event.document);
    if (entry === undefined) {
      await this.#meet(event);
    } else if (isOfLaterTask(event, entry)) {
      await this.refresh(entry);
    } else if (this.#apply(entry, event) === 'gap') {
      await this.catchUp(entry);
    }
  }

  /** Takes where the open tasks stand; whoever is not named has no pages to be read. */
  hearPlaces(places: Record<string, Place>): void {
    for (const entry of this.#entries.values()) entry.stands(places[entry.task.id] ?? null);
  }

  /** Fetches the events after the last one known, once at a time for each document. */
  catchUp(entry: DocumentEntry): Promise<void> {
    const id = entry.document.id;
    let running = this.#catching.get(id);
    if (running === undefined) {
      running = this.#replay(entry).finally(() => this.#catching.delete(id));
      this.#catching.set(id, running);
    }
    return running;
  }

  /** Events may have been missed: asks for the list and for what the running documents did. */
  async resync(): Promise<void> {
    await this.load();
    // What somebody shared may have been taken back.
    const others = this.#all.filter(({ document }) => document.owner.name !== null);
    const running = this.#all.filter((entry) => !entry.isFinal && entry.document.owner.name === null);
    await Promise.allSettled([...running.map((entry) => this.catchUp(entry)), ...others.map((entry) => this.refresh(entry))]);
  }

  async #loadTeams(): Promise<void> {
    const era = this.#era;
    const { teams } = await this.#api.call<{ teams: { id: string }[] }>('GET', '/teams');
    if (era === this.#era) this.#teams = new Set(teams.map(({ id }) => id));
  }

  /** Who vanished from all lists is gone; from one shelf, it may have been moved. */
  #lose(entry: DocumentEntry, { shelf }: Listing): void {
    if (shelf.kind === 'all') this.#entries.delete(entry.document.id);
    else void this.refresh(entry).catch(() => undefined);
  }

  async #replay(entry: DocumentEntry): Promise<void> {
    for (;;) {
      const events = await this.#api.listEvents(entry.task.id, entry.task.last_seq).catch(missing);
      if (events === null) {
        this.#entries.delete(entry.document.id);
        return;
      }
      const before = entry.task.last_seq;
      for (const event of events) this.#apply(entry, event);
      if (entry.task.last_seq === before || entry.isFinal) return;
    }
  }

  #apply(entry: DocumentEntry, event: TaskEvent) {
    const outcome = entry.apply(event);
    if (outcome === 'applied') {
      this.onEvent(entry, event);
      // Which result a page shows, and which task follows one that was stopped, only the server knows.
      const ends = /^(page\.(done|failed|kept)|task\.(done|done_with_errors|failed|cancelled))$/;
      if (entry.task.is_rerun && ends.test(event.type)) void this.refresh(entry).catch(() => undefined);
    }
    return outcome;
  }

  /** A document from another tab, or one whose upload has not been answered yet. */
  async #meet(event: TaskEvent): Promise<void> {
    const id = event.document;
    let asked = this.#unknown.get(id);
    if (asked === undefined) {
      asked = this.open(id)
        .catch(() => null)
        .finally(() => this.#unknown.delete(id));
      this.#unknown.set(id, asked);
    }
    const entry = await asked;
    if (entry !== null && this.#apply(entry, event) === 'gap') await this.catchUp(entry);
  }

  /** News by list: when events are missing in between, they are fetched, for they tell which page did what. */
  #takeNews(document: Document): void {
    const known = this.#entries.get(document.id);
    if (known === undefined) {
      const entry = this.add(document);
      if (!entry.isFinal) void this.loadPages(entry).catch(() => undefined);
      return;
    }
    known.describe(document);
    if (document.task.id !== known.task.id) {
      void this.refresh(known).catch(() => undefined);
    } else if (document.task.last_seq > known.task.last_seq) {
      void this.catchUp(known).catch(() => known.merge(document));
    }
  }
}
