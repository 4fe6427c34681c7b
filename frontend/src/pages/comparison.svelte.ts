import type { Api } from '../api/client';
import type { OtherResult, PageContent } from '../api/types';
import { findDifferences } from './differences';

/** One of two results of a page. */
export interface Result {
  content: PageContent;
  isNewer: boolean;
  isShown: boolean;
  /** For each word, whether it is missing in the other result. */
  differs: boolean[];
}

/** The two results of the page that is looked at, side by side, once a person wants to see them. */
export class Comparison {
  /** The older one first; empty as long as they are not there. */
  results: Result[] = $state.raw([]);
  problem: unknown = $state.raw(null);

  #api: Api;
  #wanted = '';

  constructor(api: Api) {
    this.#api = api;
  }

  /** Loads the other result and puts it beside the one that is shown. */
  async open(document: string, shown: PageContent, other: OtherResult): Promise<void> {
    const wanted = `${document}/${shown.page}/${shown.task}/${other.task}`;
    this.close();
    this.#wanted = wanted;
    try {
      const content = await this.#api.loadResult(document, shown.page, other.task);
      if (this.#wanted === wanted) this.results = sideBySide(shown, content, other.is_newer);
    } catch (error) {
      if (this.#wanted === wanted) this.problem = error;
    }
  }

  close(): void {
    this.#wanted = '';
    this.results = [];
    this.problem = null;
  }
}

function sideBySide(shown: PageContent, other: PageContent, isOtherNewer: boolean): Result[] {
  const textsOf = (content: PageContent) => content.words.map((word) => word.text);
  const [shownDiffers, otherDiffers] = findDifferences(textsOf(shown), textsOf(other));
  const both = [
    { content: shown, isNewer: !isOtherNewer, isShown: true, differs: shownDiffers },
    { content: other, isNewer: isOtherNewer, isShown: false, differs: otherDiffers },
  ];
  return isOtherNewer ? both : both.reverse();
}
