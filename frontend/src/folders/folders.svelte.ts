import { SvelteMap } from 'svelte/reactivity';

import type { Api } from '../api/client';
import type { Folder, FolderWish, Retention } from '../api/filing';

/** No folder lies deeper than this; the server refuses it. */
export const DEEPEST = 10;

/** With more folders than this only those on the way to the open one are unfolded at first. */
const MANY = 40;

/** A folder where it stands in the tree. */
export interface Branch {
  folder: Folder;
  /** 0 at the top. */
  depth: number;
}

/** The folders of the person who is logged in. */
export class Folders {
  list: Folder[] = $state.raw([]);
  hasLoaded = $state(false);
  problem: unknown = $state.raw(null);

  #api: Api;
  /** What somebody folded or unfolded. */
  #unfolded = new SvelteMap<string, boolean>();
  /** Rises with every question and every change of person: a late answer never replaces a newer one. */
  #asked = 0;

  /** All of them as a tree, each after its parent, and siblings by name. */
  tree = $derived(grow(this.list));

  constructor(api: Api) {
    this.#api = api;
  }

  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const list = await this.#api.listFolders();
      if (asked !== this.#asked) return;
      this.list = list;
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  async make(wish: FolderWish): Promise<Folder> {
    const folder = await this.#api.makeFolder(wish);
    this.list = [...this.list, folder];
    if (folder.parent !== null) this.#unfolded.set(folder.parent, true);
    await this.load();
    return folder;
  }

  async change(id: string, wish: FolderWish): Promise<void> {
    await this.#api.changeFolder(id, wish);
    await this.load();
  }

  /** Its documents and the folders in it go to where it was. */
  async remove(id: string): Promise<void> {
    await this.#api.removeFolder(id);
    await this.load();
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#asked += 1;
    this.list = [];
    this.hasLoaded = false;
    this.problem = null;
    this.#unfolded.clear();
  }

  find(id: string | null): Folder | undefined {
    return this.list.find((folder) => folder.id === id);
  }

  /** The folders directly in one, by name. */
  inside(parent: string | null): Folder[] {
    return childrenOf(this.list, parent);
  }

  /** The folders from the top to this one. */
  pathTo(id: string | null): Folder[] {
    const folder = this.find(id);
    return folder === undefined ? [] : [...this.pathTo(folder.parent), folder];
  }

  /** Whether one is the other, or lies somewhere in it. */
  isWithin(id: string, outer: string): boolean {
    return this.pathTo(id).some((folder) => folder.id === outer);
  }

  /** Where a folder may be moved, or a new one made: not into itself, and not too deep. */
  placesFor(id: string | null): Branch[] {
    const height = id === null ? 1 : this.#heightOf(id);
    return this.tree.filter(({ folder, depth }) => depth + 1 + height <= DEEPEST && (id === null || !this.isWithin(folder.id, id)));
  }

  /** The rule that counts for a folder, and whose it is: its own, or the nearest above. */
  ruleOf(id: string | null): { of: Folder; rule: Retention } | null {
    const of = this.pathTo(id).findLast(({ retention }) => hasRule(retention));
    return of === undefined ? null : { of, rule: of.retention };
  }

  isUnfolded(id: string, open: string | null): boolean {
    return this.#unfolded.get(id) ?? (this.list.length <= MANY || (open !== null && open !== id && this.isWithin(open, id)));
  }

  unfold(id: string, isUnfolded: boolean): void {
    this.#unfolded.set(id, isUnfolded);
  }

  /** How many levels a folder and what is in it take. */
  #heightOf(id: string): number {
    const inside = this.list.filter(({ parent }) => parent === id).map((folder) => this.#heightOf(folder.id));
    return 1 + Math.max(0, ...inside);
  }
}

export const hasRule = ({ keep_days: keep, delete_days: remove }: Retention) => keep !== null || remove !== null;

function grow(list: Folder[], parent: string | null = null, depth = 0): Branch[] {
  return childrenOf(list, parent).flatMap((folder) => [{ folder, depth }, ...grow(list, folder.id, depth + 1)]);
}

const childrenOf = (list: Folder[], parent: string | null) =>
  list.filter((folder) => folder.parent === parent).sort((a, b) => a.name.localeCompare(b.name));
