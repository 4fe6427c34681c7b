/** The first moment of a day such as `2026-03-14`, where the person is. */
export const startOfDay = (day: string) => new Date(`${day}T00:00:00`).toISOString();

/** The day that comes so many days after today, such as `2026-03-14`. */
export function dayIn(days: number): string {
  const day = new Date();
  day.setDate(day.getDate() + days);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The first moment after it. */
export function endOfDay(day: string): string {
  const end = new Date(`${day}T00:00:00`);
  end.setDate(end.getDate() + 1);
  return end.toISOString();
}
