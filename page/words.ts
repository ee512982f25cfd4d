/** Numbers and times as the page writes them. */

/** A number with at most one digit behind the point, and thousands apart. */
export const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : String(Math.round(value * 10) / 10);

/** A number of a kind of things. */
export const many = (count: number, thing: string): string =>
  `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** The time of day, and the date where it is not today's. */
export function timeOf(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const time = at.toTimeString().slice(0, 8);
  return at.toDateString() === now.toDateString() ? time : `${dateOf(iso)} ${time}`;
}

/** The date, as ISO 8601 has it. */
export function dateOf(iso: string): string {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Whole days until then; negative where it is past. */
export const daysUntil = (iso: string, now = Date.now()): number =>
  Math.floor((Date.parse(iso) - now) / 86_400_000);

/** Days that are left, in words. */
export const daysWord = (days: number): string =>
  days < 0 ? "expired" : days === 1 ? "1 day" : `${days} days`;
