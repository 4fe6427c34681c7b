import type { Proof } from '../account/proof.svelte';
import type { Api } from '../api/client';
import type { Held, LegalHold, LegalHoldList, Person } from '../api/holds';

/** A number as every thing of ours has one, wherever it stands in a text: in an address, say. */
const NUMBER = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** What is held, newest first, as far as it was loaded; and who there is, to call people by their login. */
export class Holds {
  list: LegalHold[] = $state.raw([]);
  people: Person[] = $state.raw([]);
  /** Where older ones go on; null: there are none. */
  next: string | null = $state(null);
  hasLoaded = $state(false);
  isLoading = $state(false);
  problem: unknown = $state.raw(null);

  #api: Api;
  #proof: Proof;
  /** Rises with every question, so that a late answer never replaces a newer one. */
  #asked = 0;

  constructor(api: Api, proof: Proof) {
    this.#api = api;
    this.#proof = proof;
  }

  load = () => this.#ask(null);
  loadMore = () => (this.next === null || this.isLoading ? Promise.resolve() : this.#ask(this.next));

  /** Holds something under a case number; the list is up to date when this is done. */
  async set(reference: string, held: Held): Promise<void> {
    await this.#proof.over(() => this.#api.call<LegalHold>('POST', '/legal-holds', { reference, ...held }));
    await this.load();
  }

  async lift({ id }: LegalHold): Promise<void> {
    await this.#proof.over(() => this.#api.call<void>('DELETE', `/legal-holds/${encodeURIComponent(id)}`));
    await this.load();
  }

  /** Gives the login of somebody; an id when nobody has it. */
  nameOf(id: string): string {
    return this.people.find((person) => person.id === id)?.login ?? id;
  }

  /** Gives what somebody typed as what is to be held; null when there is no such person, or no number in it. */
  find(kind: 'document' | 'user' | 'team', typed: string): Held | null {
    const id = NUMBER.exec(typed)?.[0].toLowerCase();
    if (kind === 'user') {
      const person = this.people.find(({ login }) => login === typed.trim());
      return person === undefined ? null : { user: person.id };
    }
    if (id === undefined) return null;
    return kind === 'document' ? { document: id } : { team: id };
  }

  async #ask(before: string | null): Promise<void> {
    const asked = ++this.#asked;
    this.isLoading = true;
    try {
      const [answer, { users }] = await Promise.all([
        this.#api.call<LegalHoldList>('GET', before === null ? '/legal-holds' : `/legal-holds?before=${before}`),
        this.#api.call<{ users: Person[] }>('GET', '/users'),
      ]);
      if (asked !== this.#asked) return;
      this.list = before === null ? answer.legal_holds : [...this.list, ...answer.legal_holds];
      this.next = answer.next ?? null;
      this.people = users;
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (asked === this.#asked) this.problem = error;
    } finally {
      if (asked === this.#asked) this.isLoading = false;
    }
  }
}
