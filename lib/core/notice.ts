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

/** Foreign text as a terminal may see it: what would end the line, move the cursor or turn the writing round is spelt out. */
export function onOneLine(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]|\p{Surrogate}/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One line for stderr: `warning: CONTAINER: …`. */
export function formatNotice(notice: Notice): string {
  // A snapshot may call a container anything, so its name is foreign text too.
  return onOneLine(`${notice.severity}: ${notice.subject}: ${notice.message}`);
}
