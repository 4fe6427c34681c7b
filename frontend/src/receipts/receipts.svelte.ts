import type { Api } from '../api/client';
import type { Receipt } from '../api/filing';

/** Between two looks whether a receipt is signed; each next one is later, up to the longest. */
const PAUSE_MS = 500;
const LONGEST_MS = 15_000;

/** What was deleted for good, newest first, as far as it was loaded. */
export class Receipts {
  list: Receipt[] = $state.raw([]);
  next: string | null = $state(null);
  hasLoaded = $state(false);
  isLoading = $state(false);
  problem: unknown = $state.raw(null);
  /** The document whose receipt is waited for, or was signed just now. */
  latest: { id: string; name: string } | null = $state.raw(null);
  onSigned: (name: string) => void = () => {};

  #api: Api;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  /** Rises with every change of person: late answers for the one before are dropped. */
  #era = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  find(document: string): Receipt | undefined {
    return this.list.find((receipt) => receipt.document === document);
  }

  load = () => this.#ask(null);
  loadMore = () => (this.next === null || this.isLoading ? Promise.resolve() : this.#ask(this.next));

  /** Looks until every receipt that is known is signed. */
  follow(latest: { id: string; name: string } | null = null): void {
    if (latest !== null) this.latest = latest;
    this.#tries = 0;
    clearTimeout(this.#timer);
    void this.#look();
  }

  /** Nobody looks at receipts any more. */
  leave(): void {
    clearTimeout(this.#timer);
    this.latest = null;
  }

  /** Forgets everything: another person is here, or nobody. */
  clear(): void {
    this.#era += 1;
    this.leave();
    this.list = [];
    this.next = null;
    this.hasLoaded = false;
    this.isLoading = false;
    this.problem = null;
  }

  async #look(): Promise<void> {
    const era = this.#era;
    const open = this.list.filter(({ state }) => state === 'removing').map(({ document }) => document);
    const wanted = new Set(open);
    if (this.latest !== null && this.find(this.latest.id)?.state !== 'signed') wanted.add(this.latest.id);
    const answers = await Promise.all([...wanted].slice(0, 20).map((id) => this.#api.loadReceipt(id).catch(() => null)));
    if (era !== this.#era) return;
    for (const receipt of answers) if (receipt !== null) this.#take(receipt);
    if (wanted.size === 0 || answers.every((receipt) => receipt?.state === 'signed')) return;
    this.#tries += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), Math.min(LONGEST_MS, PAUSE_MS * 2 ** (this.#tries - 1)));
  }

  #take(receipt: Receipt): void {
    const known = this.find(receipt.document);
    this.list = known === undefined ? [receipt, ...this.list] : this.list.map((each) => (each === known ? receipt : each));
    const { latest } = this;
    if (latest?.id === receipt.document && receipt.state === 'signed') this.onSigned(latest.name);
  }

  async #ask(before: string | null): Promise<void> {
    const era = this.#era;
    this.isLoading = true;
    try {
      const answer = await this.#api.listReceipts(before);
      if (era !== this.#era) return;
      this.list = before === null ? answer.receipts : [...this.list, ...answer.receipts];
      this.next = answer.next;
      this.hasLoaded = true;
      this.problem = null;
    } catch (error) {
      if (era === this.#era) this.problem = error;
    } finally {
      if (era === this.#era) this.isLoading = false;
    }
  }
}

/** How many objects the signed bytes say were removed; null while they aren't signed. */
export function objectsIn({ receipt }: Receipt): number | null {
  if (receipt === null) return null;
  const { objects } = JSON.parse(atob(receipt)) as { objects?: number };
  return objects ?? null;
}
