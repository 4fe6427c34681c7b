import type { HitBox, Word } from '../api/types';

/** Gives the words whose middle is in one of the boxes, by their places in the page's list. */
export function findWords(words: Word[], boxes: HitBox[]): number[] {
  const isIn = ({ box: [left, top, right, bottom] }: Word) => {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    return boxes.some((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height);
  };
  return words.flatMap((word, index) => (isIn(word) ? [index] : []));
}
