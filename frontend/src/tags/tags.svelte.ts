import type { Api } from '../api/client';
import type { Tag } from '../api/filing';

/** The tags of the person who is logged in, by name. */
export class Tags {
  list: Tag[] = $state.raw([]);
  hasLoaded = $state(false);
  problem: unknown = $state.raw(null);

  #api: Api;
  /** Rises with every question and every change of person: a late answer never replaces a newer one. */
  #asked = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  async load(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const list = await this.#api.listTags();
      if (asked !== this.#asked) return;
      this.list = list.slice().sort((a, b) => a.name.localeCompare(b.name));
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  async make(name: string, colour: string): Promise<Tag> {
    const tag = await this.#api.makeTag({ name, colour });
    await this.load();
    return tag;
  }

  async change(id: string, name: string, colour: string): Promise<void> {
    await this.#api.changeTag(id, { name, colour });
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await this.#api.removeTag(id);
    await this.load();
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#asked += 1;
    this.list = [];
    this.hasLoaded = false;
    this.problem = null;
  }

  find(id: string): Tag | undefined {
    return this.list.find((tag) => tag.id === id);
  }

  /** The tags of a document, by name. */
  of(ids: string[]): Tag[] {
    return this.list.filter(({ id }) => ids.includes(id));
  }
}
