import type { Api } from '../api/client';
import type { HitBox, PageContent } from '../api/types';
import { findWords } from './hits';

/** Tells where the words stand that were looked for, on a page as a certain run read it. */
export type BoxesOn = (document: string, page: number, task: string) => HitBox[];

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
  #boxesOn: BoxesOn;
  #shown = '';
  #document = $state('');

  /** Where the words stand that were looked for. */
  boxes: HitBox[] = $derived.by(() => {
    const { content } = this;
    return content === null ? [] : this.#boxesOn(this.#document, content.page, content.task);
  });
  /** Those words, as their places in the list of words. */
  hits: number[] = $derived(findWords(this.content?.words ?? [], this.boxes));

  constructor(api: Api, boxesOn: BoxesOn = () => []) {
    this.#api = api;
    this.#boxesOn = boxesOn;
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
        this.#document = document;
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

  /** Goes to the next (or previous) doubtful word, or hit, around the end. */
  jump(step: 1 | -1, among: 'doubtful' | 'hits' = 'doubtful'): void {
    const { [among]: words } = this;
    if (words.length === 0) return;
    const at = this.chosen === null ? -1 : words.indexOf(this.chosen);
    const from = at === -1 && step === -1 ? 0 : at;
    this.chosen = words[(from + step + words.length) % words.length] ?? null;
  }
}
