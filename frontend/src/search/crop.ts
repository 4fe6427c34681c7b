import type { HitBox, SearchHit } from '../api/types';

/** The part of a page that is shown beside a hit: about as much as makes its words readable in a small picture. */
const SHARE_OF_WIDTH = 0.42;
/** Width to height of that part. */
export const CROP_SHAPE = 8 / 5;

/** Gives the part of the page around the first hit, in pixels of the page, never beyond its edge. */
export function cropAround({ width, height, boxes }: Pick<SearchHit, 'width' | 'height' | 'boxes'>): HitBox {
  const first = boxes[0] ?? { x: 0, y: 0, width, height: 0 };
  // Wide enough for the hit itself, and never more than there is, in either direction.
  const wanted = Math.max(width * SHARE_OF_WIDTH, first.width * 1.2, first.height * 1.2 * CROP_SHAPE);
  const across = Math.min(wanted, width, height * CROP_SHAPE);
  const down = across / CROP_SHAPE;
  const place = (middle: number, length: number, whole: number) => Math.min(Math.max(0, middle - length / 2), whole - length);
  return {
    x: place(first.x + first.width / 2, across, width),
    y: place(first.y + first.height / 2, down, height),
    width: across,
    height: down,
  };
}
