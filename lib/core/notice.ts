/** What a user should know, as data: a container's mistake, or a choice that signalbox made for it. */
export type Notice = {
  /** A warning cost somebody something (`--strict` counts it); an info is a choice worth knowing. */
  readonly severity: "warning" | "info";
  /** A stable word for scripts, e.g. `bad-value`. */
  readonly code: string;
  /** The container's name, or what else the notice is about. */
  readonly subject: string;
  /** What was tried, on what, and what would be right; one line, safe for a terminal. */
  readonly message: string;
};

/** A text that was parsed, or what would have been right in its place (a phrase that fits after "expected"). */
export type Parsed<T> = { readonly ok: true; readonly value: T } | {
  readonly ok: false;
  readonly expected: string;
};

/** Wraps a value that was parsed. */
export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });

/** Says what a parser would have taken. */
export const expected = (phrase: string): Parsed<never> => ({ ok: false, expected: phrase });

const LONGEST_QUOTE = 80;

/** Quotes foreign text for a message: JSON's escapes, no control or direction marks, at most 80 characters. */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  const short = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return onOneLine(typeof value === "string" ? JSON.stringify(short) : short);
}

/** What would end the line, move the cursor or turn the writing round, and what nobody sees. */
const MARKS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u202f\u2065]/gu;

/** Foreign text as a terminal may see it: marks that nobody sees are spelt out, as JSON would. */
export const onOneLine = (text: string): string => text.replace(MARKS, spellOut);

/** JSON that says the same, with its line breaks and without such marks in its texts. */
export const visibleJson = (json: string): string =>
  json.replace(MARKS, (mark) => mark === "\n" ? mark : spellOut(mark));

/** A character beyond 16 bits is two escapes. */
const spellOut = (mark: string): string =>
  mark.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

/** One line for stderr: `warning: CONTAINER: …`. */
export function formatNotice(notice: Notice): string {
  // A snapshot may call a container anything, so its name is foreign text too.
  return onOneLine(`${notice.severity}: ${notice.subject}: ${notice.message}`);
}
