import type { Emptied, Filing, Folder, Tag } from '../api/filing';
import type { Document } from '../api/types';
import type { DocumentEntry } from '../documents/document_entry.svelte';
import type { Documents } from '../documents/documents.svelte';
import type { Shelf } from '../documents/shelf';
import type { Folders } from '../folders/folders.svelte';
import type { Notices } from '../live/notices.svelte';
import type { Receipts } from '../receipts/receipts.svelte';
import type { Sharing } from '../sharing/sharing.svelte';
import type { Tags } from '../tags/tags.svelte';
import type { Trash } from '../trash/trash.svelte';
import { words } from '../words/en';

interface Places {
  sharing: Sharing;
  documents: Documents;
  folders: Folders;
  tags: Tags;
  trash: Trash;
  receipts: Receipts;
  notices: Notices;
}

/** Puts documents where a person wants them, says that it is done, and offers the way back. */
export class Filer {
  /** What is being dragged over the page. */
  dragged: DocumentEntry | null = $state.raw(null);

  #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Loads the folders, those of others too, and the tags. */
  async load(): Promise<void> {
    await Promise.all([this.#places.folders.load(), this.#places.tags.load(), this.#places.sharing.load()]);
  }

  /** Deleting is for good: this server has no trash. */
  get hasNoTrash(): boolean {
    return this.#places.documents.limits?.trash_days === 0;
  }

  /** Where what is uploaded on a shelf goes. */
  placeOf(shelf: Shelf): Filing {
    if (shelf.kind === 'tag') return { tags: [shelf.id] };
    return shelf.kind === 'folder' && shelf.id !== null ? { folder: shelf.id } : {};
  }

  /** Moves a document to a folder, or out of all. */
  async move(entry: DocumentEntry, folder: Folder | null): Promise<void> {
    if (entry.document.folder === (folder?.id ?? null)) return;
    await this.#file(entry, { folder: folder?.id ?? null }, words.filing.moved(entry.document.name, folder?.name));
  }

  async tag(entry: DocumentEntry, tag: Tag): Promise<void> {
    const { name, tags } = entry.document;
    if (tags.includes(tag.id)) this.#places.notices.show({ text: words.filing.hasTag(name, tag.name) });
    else await this.#file(entry, { tags: [...tags, tag.id] }, words.filing.tagged(name, tag.name));
  }

  /** Puts a document into a folder and gives it these tags. */
  async file(entry: DocumentEntry, filing: Required<Filing>): Promise<void> {
    const { folder, name } = entry.document;
    const isMoved = filing.folder !== folder;
    const to = this.#places.folders.find(filing.folder)?.name;
    await this.#file(entry, filing, isMoved ? words.filing.moved(name, to) : words.filing.filed(name));
  }

  async moveToTrash({ document }: DocumentEntry): Promise<void> {
    const { documents, notices, receipts } = this.#places;
    await documents.remove(document.id);
    if (this.hasNoTrash) receipts.follow(document);
    else notices.show({ text: words.trash.moved(document.name), undo: () => this.#takeBack(document) });
  }

  async restore(document: Document): Promise<void> {
    await this.#takeBack(document);
    this.#places.notices.show({ text: words.trash.restored(document.name) });
  }

  async shred(document: Document): Promise<void> {
    await this.#places.trash.shred(document.id);
    this.#places.documents.forget(document.id);
    // There is no way back any more.
    this.#places.notices.close();
    this.#places.receipts.follow(document);
  }

  /** Deletes for good what is in the trash and not kept by a rule. */
  async emptyTrash(): Promise<Emptied> {
    const emptied = await this.#places.trash.empty();
    this.#places.notices.close();
    this.#places.receipts.leave();
    return emptied;
  }

  /** Does something that was asked for with the mouse; what goes wrong is said where the message would be. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#places.notices.show({ text: '' });
      this.#places.notices.problem = error;
    }
  }

  async #takeBack({ id }: Document): Promise<void> {
    await this.#places.documents.restore(id);
    this.#places.trash.forget(id);
  }

  async #file(entry: DocumentEntry, filing: Filing, text: string): Promise<void> {
    const { documents, notices } = this.#places;
    const { folder, tags } = entry.document;
    await documents.file(entry, filing);
    notices.show({ text, undo: () => documents.file(entry, { folder, tags }) });
  }
}
