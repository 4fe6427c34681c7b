import type { Api } from '../api/client';
import { missing } from '../api/problem';
import type { Member, TeamWithMembers } from '../api/teams';
import type { Document, DocumentList } from '../api/types';

/** One team: who belongs to it, and its documents, newest first, as far as they were loaded. */
export class TeamPage {
  team: TeamWithMembers | null = $state.raw(null);
  documents: Document[] = $state.raw([]);
  /** Where older documents go on; null: there are none. */
  next: string | null = $state(null);
  /** There is no such team, or the person does not belong to it. */
  isGone = $state(false);
  isLoading = $state(false);
  problem: unknown = $state.raw(null);

  members: Member[] = $derived([...(this.team?.members ?? [])].sort(byRole));

  readonly id: string;
  #api: Api;
  /** Rises with every question, so that a late answer never replaces a newer one. */
  #asked = 0;

  constructor(api: Api, id: string) {
    this.#api = api;
    this.id = id;
  }

  /** Loads the members and the newest documents. */
  async load(): Promise<void> {
    await this.#ask(async (isNewest) => {
      const team = await this.#api.call<TeamWithMembers>('GET', this.#path()).catch(missing);
      if (!isNewest()) return;
      this.team = team;
      this.isGone = team === null;
      if (team === null) return;
      const answer = await this.#list(null);
      if (!isNewest()) return;
      this.documents = answer.documents;
      this.next = answer.next;
    });
  }

  async loadMore(): Promise<void> {
    const before = this.next;
    if (before === null || this.isLoading) return;
    await this.#ask(async (isNewest) => {
      const answer = await this.#list(before);
      if (!isNewest()) return;
      this.documents = [...this.documents, ...answer.documents];
      this.next = answer.next;
    });
  }

  /** Takes somebody in, by login; who is in it already becomes what is said now. */
  async add(login: string, is_manager: boolean): Promise<void> {
    await this.#api.call<void>('POST', this.#path('/members'), { login, is_manager });
    await this.load();
  }

  async change(member: Member, is_manager: boolean): Promise<void> {
    await this.#api.call<void>('PUT', this.#path(`/members/${encodeURIComponent(member.id)}`), { is_manager });
    await this.load();
  }

  /** Takes somebody out; whoever takes themselves out sees the team no more. */
  async remove(member: Member): Promise<void> {
    await this.#api.call<void>('DELETE', this.#path(`/members/${encodeURIComponent(member.id)}`));
    await this.load();
  }

  #path = (rest = '') => `/teams/${encodeURIComponent(this.id)}${rest}`;
  #list = (before: string | null): Promise<DocumentList> => this.#api.listDocuments(before, { team: this.id });

  async #ask(work: (isNewest: () => boolean) => Promise<void>): Promise<void> {
    const asked = ++this.#asked;
    const isNewest = () => asked === this.#asked;
    this.isLoading = true;
    try {
      await work(isNewest);
      if (isNewest()) this.problem = null;
    } catch (error) {
      if (isNewest()) this.problem = error;
    } finally {
      if (isNewest()) this.isLoading = false;
    }
  }
}

/** Managers first, then by login. */
const byRole = (a: Member, b: Member) => Number(b.is_manager) - Number(a.is_manager) || a.login.localeCompare(b.login);
