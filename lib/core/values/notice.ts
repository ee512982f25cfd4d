import { HIDDEN, withoutSecrets } from "./secret_text.ts";

/** What a user should know, as data: a container's mistake, or a choice that signalbox made for it. */
export type Notice = {
  /** A warning has cost a user something (`--strict` counts it); an info is a choice worth knowing. */
  readonly severity: "warning" | "info";
  /** A stable word for scripts, e.g. `bad-value`. */
  readonly code: string;
  /** The container's name, or what else the notice is about. */
  readonly subject: string;
  /** What was tried, on what, and what would be right; one line, safe for a terminal. */
  readonly message: string;
  /** The text at fault: the part of its line around the place. */
  readonly excerpt?: Excerpt;
};

/** A part of one line of a text, safe for a terminal, in the two parts before and after a place. */
export type Excerpt = { readonly before: string; readonly after: string };

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
/** So much is looked through for secrets: what is hidden leaves room for what stands behind it. */
const MOST_READ = 4_096;

/** Quotes foreign text for a message: no secret, JSON's escapes, no control or direction marks, at most 80 characters. */
export function quote(value: unknown): string {
  const whole = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  // What is cut off would no longer look like a hash.
  const text = withoutSecrets(whole.length > MOST_READ ? beginningOf(whole) : whole);
  const short = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return onOneLine(typeof value === "string" ? JSON.stringify(short) : short);
}

/** The beginning of a long text, without a part of a hash at its end; a host may follow, so that its last word may be a user. */
function beginningOf(text: string): string {
  const part = text.slice(0, MOST_READ);
  const end = part.search(/[\s"',;][^\s"',;]*$/);
  return `${end > LONGEST_QUOTE ? part.slice(0, end) : part}@${HIDDEN}`;
}

/** Characters that end a line, move the cursor or change the direction of writing, and invisible ones. */
const MARKS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u202f\u2065]/gu;

/** Foreign text that is safe for a terminal: such characters are escaped as in JSON. */
export const onOneLine = (text: string): string => text.replace(MARKS, spellOut);

/** The same JSON, with its line breaks, and with such characters in its texts escaped. */
export const visibleJson = (json: string): string =>
  json.replace(MARKS, (mark) => mark === "\n" ? mark : spellOut(mark));

/** A character beyond 16 bits is two escapes. */
const spellOut = (mark: string): string =>
  mark.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

/** The part of a line around a place in a text, up to so many characters before and after it. */
export function excerptAt(text: string, offset: number): Excerpt {
  const from = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  const to = end < 0 ? text.length : end;
  const before = text.slice(Math.max(from, offset - EXCERPT_LENGTH), offset);
  const after = text.slice(offset, Math.min(to, offset + EXCERPT_LENGTH));
  return {
    before: `${from < offset - EXCERPT_LENGTH ? "…" : ""}${onOneLine(before)}`,
    after: `${onOneLine(after)}${to > offset + EXCERPT_LENGTH ? "…" : ""}`,
  };
}

const EXCERPT_LENGTH = 40;

/** The message on one line; of an excerpt, a caret stands before the place. */
export function messageLine({ message, excerpt }: Pick<Notice, "message" | "excerpt">): string {
  return excerpt === undefined ? message : `${message}: ${excerpt.before}^${excerpt.after}`;
}

/** One line for stderr: `warning: CONTAINER: …`. */
export function formatNotice(notice: Notice): string {
  // A snapshot may call a container anything, so its name is foreign text too.
  return onOneLine(`${notice.severity}: ${notice.subject}: ${messageLine(notice)}`);
}

/** The same for people who read one container's notices: an excerpt on a line of its own, the caret below the place. */
export function formatNoticeLines(notice: Notice): readonly string[] {
  const { excerpt, ...rest } = notice;
  if (excerpt === undefined) return [formatNotice(notice)];
  const { before, after } = excerpt;
  return [`${formatNotice(rest)}:`, `  ${before}${after}`, `  ${" ".repeat([...before].length)}^`];
}
