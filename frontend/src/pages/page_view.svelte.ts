import type { Api } from '../api/client';
import type { PageContent } from '../api/types';

/** The page that is looked at: its words, and which of them is pointed at. Content stays in memory, never elsewhere. */
export class PageView {
  content: PageContent | null = $state.raw(null);
  problem: unknown = $state.raw(null);
  isLoading = $state(false);
  /** Index of the word under the pointer, in the image or in the text. */
  pointed: number | null = $state(null);
  /** Index of the word one jumped to. */
  chosen: number | null = $state(null);

  doubtful = $derived(
    (this.content?.words ?? []).flatMap((word, index) => (word.is_doubtful ? [index] : [])),
  );

  #api: Api;
  #shown = '';

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Shows a page that has been read. Asking for the one that is shown already changes nothing; when another result of
   * it is to be shown, the former one stays until that is there.
   */
  async show(document: string, page: number, task: string | null = null): Promise<void> {
    const wanted = `${document}/${page}/${task ?? ''}`;
    if (this.#shown === wanted && this.problem === null) return;
    const isSamePage = this.#shown.startsWith(`${document}/${page}/`) && this.content !== null;
    if (isSamePage && task !== null && this.content?.task === task) {
      this.#shown = wanted;
      return;
    }
    if (!isSamePage) this.clear();
    this.problem = null;
    this.#shown = wanted;
    this.isLoading = true;
    try {
      const content = await this.#api.loadPage(document, page);
      if (this.#shown === wanted) {
        this.content = content;
        this.pointed = null;
        this.chosen = null;
      }
    } catch (error) {
      if (this.#shown === wanted) this.problem = error;
    } finally {
      if (this.#shown === wanted) this.isLoading = false;
    }
  }

  clear(): void {
    this.#shown = '';
    this.content = null;
    this.problem = null;
    this.isLoading = false;
    this.pointed = null;
    this.chosen = null;
  }

  /** Goes to the next (or previous) doubtful word, around the end. */
  jump(step: 1 | -1): void {
    const { doubtful } = this;
    if (doubtful.length === 0) return;
    const at = this.chosen === null ? -1 : doubtful.indexOf(this.chosen);
    const from = at === -1 && step === -1 ? 0 : at;
    this.chosen = doubtful[(from + step + doubtful.length) % doubtful.length] ?? null;
  }
}
