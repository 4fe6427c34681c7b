/** Above this many cells of the table, what lies between a common beginning and end counts as different. */
const MOST_CELLS = 4_000_000;

/** Says for each word of two texts whether it is missing in the other one: what is not in a longest common sequence. */
export function findDifferences(one: string[], other: string[]): [boolean[], boolean[]] {
  let begin = 0;
  while (begin < one.length && begin < other.length && one[begin] === other[begin]) begin += 1;
  let end = 0;
  const shorter = Math.min(one.length, other.length) - begin;
  while (end < shorter && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;

  const differs: [boolean[], boolean[]] = [one, other].map((words) =>
    words.map((_, index) => index >= begin && index < words.length - end),
  ) as [boolean[], boolean[]];
  const [rows, columns] = [one.length - begin - end, other.length - begin - end];
  if (rows * columns > MOST_CELLS) return differs;

  // length of the longest common sequence of what follows, row by row from the end
  const width = columns + 1;
  const table = new Uint16Array((rows + 1) * width);
  const at = (row: number, column: number) => table[row * width + column] ?? 0;
  const isSame = (row: number, column: number) => one[begin + row] === other[begin + column];
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      table[row * width + column] = isSame(row, column)
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (isSame(row, column)) {
      differs[0][begin + row] = false;
      differs[1][begin + column] = false;
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return differs;
}
