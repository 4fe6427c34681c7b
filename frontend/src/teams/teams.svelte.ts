import type { Api } from '../api/client';
import type { Team } from '../api/teams';

/** The teams of the person who is logged in, by name. */
export class Teams {
  list: Team[] = $state.raw([]);
  hasLoaded = $state(false);
  problem: unknown = $state.raw(null);

  #api: Api;
  /** Rises with every question, so that a late answer never replaces a newer one. */
  #asked = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const { teams } = await this.#api.call<{ teams: Team[] }>('GET', '/teams');
      if (asked !== this.#asked) return;
      this.list = [...teams].sort((a, b) => a.name.localeCompare(b.name));
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    }
  }

  /** Makes a team that the person manages. */
  make = (name: string) => this.#api.call<Team>('POST', '/teams', { name });
}
