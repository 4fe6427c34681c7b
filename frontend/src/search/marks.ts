import type { Snippet } from '../api/types';

export interface Piece {
  text: string;
  isHit: boolean;
}

/** Cuts a snippet where its marks begin and end; marks that overlap or reach beyond the text do no harm. */
export function cutSnippet({ text, marks }: Snippet): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const cut = (end: number, isHit: boolean) => {
    if (end > at) pieces.push({ text: text.slice(at, end), isHit });
    at = Math.max(at, end);
  };
  for (const [start, end] of [...marks].sort(([one], [other]) => one - other)) {
    cut(Math.min(start, text.length), false);
    cut(Math.min(end, text.length), true);
  }
  cut(text.length, false);
  return pieces;
}
