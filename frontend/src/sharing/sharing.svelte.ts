import type { Api } from '../api/client';
import type { Share, Shareable, SharedFolder, ShareWish } from '../api/sharing';

/** A pause lasts so long. */
const PAUSE_MS = 24 * 60 * 60 * 1000;

/** Folders that others share with the person who is logged in; and with whom they share themselves. */
export class Sharing {
  folders: SharedFolder[] = $state.raw([]);
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
      const { folders } = await this.#api.call<{ folders: SharedFolder[] }>('GET', '/folders?shared=with_me');
      if (asked !== this.#asked) return;
      this.folders = folders;
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#asked += 1;
    this.folders = [];
    this.hasLoaded = false;
    this.problem = null;
  }

  find(id: string | null): SharedFolder | undefined {
    return this.folders.find((folder) => folder.id === id);
  }

  /** The folders directly in one; null: those that lie in none that is shared. */
  inside(parent: string | null): SharedFolder[] {
    return this.folders.filter((folder) => folder.parent === parent).sort((a, b) => a.name.localeCompare(b.name));
  }

  async list(what: Shareable): Promise<Share[]> {
    return (await this.#api.call<{ shares: Share[] }>('GET', sharesOf(what))).shares;
  }

  /** Shares something; a share with the same person or team gives way. */
  give = (what: Shareable, wish: ShareWish) => this.#api.call<Share>('POST', sharesOf(what), wish);

  takeBack = (what: Shareable, share: Share) => this.#api.call<void>('DELETE', `${sharesOf(what)}/${share.id}`);

  /** Takes it away for a day, or gives it back now; when the day is over it comes back by itself. */
  pause(what: Shareable, share: Share, isPaused: boolean): Promise<Share> {
    const grantee = share.with.kind === 'team' ? { team: share.with.name } : { login: share.with.name };
    const paused_until = isPaused ? new Date(Date.now() + PAUSE_MS).toISOString() : null;
    return this.give(what, { ...grantee, right: share.right, ends_at: share.ends_at, paused_until });
  }
}

const sharesOf = ({ kind, id }: Shareable) => `/${kind}/${encodeURIComponent(id)}/shares`;
