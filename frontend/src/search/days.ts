/** The first moment of a day such as `2026-03-14`, where the person is. */
export const startOfDay = (day: string) => new Date(`${day}T00:00:00`).toISOString();

/** The first moment after it. */
export function endOfDay(day: string): string {
  const end = new Date(`${day}T00:00:00`);
  end.setDate(end.getDate() + 1);
  return end.toISOString();
}
