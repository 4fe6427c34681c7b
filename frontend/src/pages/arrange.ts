import type { Word } from '../api/types';

export interface PlacedWord extends Word {
  /** Position in the page's list of words. */
  index: number;
}

/** Groups words, which come in reading order, into blocks of lines. */
export function arrange(words: Word[]): PlacedWord[][][] {
  const blocks: PlacedWord[][][] = [];
  let last: Word | undefined;
  words.forEach((word, index) => {
    if (last === undefined || word.block !== last.block) blocks.push([]);
    const block = blocks.at(-1) as PlacedWord[][];
    if (block.length === 0 || word.line !== last?.line) block.push([]);
    block.at(-1)?.push({ ...word, index });
    last = word;
  });
  return blocks;
}
