import { type Alternatives, type Atom, type Piece, waysOf } from "./expression_ways.ts";
import { expected, type Parsed, parsed } from "./notice.ts";

declare const brand: unique symbol;

/**
 * A regular expression that HAProxy takes from a container: of one word, the same to PCRE and POSIX, and with few enough
 * ways in which a text of at most `LONGEST_SUBJECT` characters may be tried against it. It has no anchors and no `|` outside
 * of its groups: whoever uses it puts `^` and `$` around it.
 */
export type Expression = string & { readonly [brand]: "Expression" };

/** An expression, with how many groups it has that a replacement may name. */
export type ParsedExpression = { readonly text: Expression; readonly groups: number };

/** Texts are tried up to this length, in characters. */
export const LONGEST_SUBJECT = 511;

const LONGEST = 200;
/** As it stands in a table, in characters: a key has room for it beside a route's id. */
const LONGEST_WRITTEN = 400;
/** Each way may look at the whole text once, of 511 characters at most: half a million steps. */
const MOST_WAYS = 1_024;
/** HAProxy remembers so many groups, beside the whole. */
const MOST_GROUPS = 9;
/** Repeated by a number, at most so often: more makes PCRE's program large. */
const MOST_REPEATS = 64;

const PLAIN = /[A-Za-z0-9/_~%@:,;=&!-]/;
const PRINTABLE: ReadonlySet<string> = new Set(
  Array.from({ length: 94 }, (_, at) => String.fromCharCode(at + 33)),
);

/** Reads a regular expression; what it expected names the place of a mistake. */
export const parseExpression = (text: string): Parsed<ParsedExpression> => parse(text, (mark) => mark);

/**
 * Reads one for texts of small letters, and makes its own letters small. What tells two parts of it apart by the size of a
 * letter alone tells them apart no more, so that its ways are counted after that.
 */
export const parseSmallExpression = (text: string): Parsed<ParsedExpression> =>
  parse(text, (mark) => mark.toLowerCase());

function parse(text: string, fold: (mark: string) => string): Parsed<ParsedExpression> {
  if (text.length > LONGEST) return expected(`a pattern of at most ${LONGEST} characters`);
  const reader = new Reader(text.replace(/^\^/, " ").replace(/(?<=^|[^\\])\$$/, ""), fold);
  try {
    const read = reader.alternatives();
    reader.end();
    if (read.length > 1) return expected("( and ) around the | of the pattern");
    if (waysOf(read, new Set(), LONGEST_SUBJECT) > MOST_WAYS) {
      return expected("a pattern that can be tried quickly: [^/]* in place of .*, fewer * + ? and |");
    }
    const short = fold(written(read));
    return short.length > LONGEST_WRITTEN
      ? expected("a pattern with fewer \\d, \\w and \\.")
      : parsed({ text: short as Expression, groups: reader.groups });
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return expected(`${error.message} at character ${error.at + 1} of the pattern`);
  }
}

class Mistake extends Error {
  constructor(readonly at: number, wanted: string) {
    super(wanted);
  }
}

/** Reads an expression from left to right. */
class Reader {
  groups = 0;
  #at: number;

  /** A blank in front stands for an anchor. */
  constructor(readonly text: string, readonly fold: (mark: string) => string) {
    this.#at = text.startsWith(" ") ? 1 : 0;
  }

  end(): void {
    if (this.#at < this.text.length) throw new Mistake(this.#at, "no ) without its (");
  }

  alternatives(): Alternatives {
    const all: Piece[][] = [[]];
    for (let next = this.#next(); next !== undefined && next !== ")"; next = this.#next()) {
      if (next === "|") {
        this.#at++;
        all.push([]);
      } else all.at(-1)?.push(this.#piece());
    }
    return all;
  }

  #next(): string | undefined {
    return this.text[this.#at];
  }

  #piece(): Piece {
    const from = this.#at;
    const atom = this.#atom();
    const { least, most, text } = this.#repeats();
    if (most > 1 && "group" in atom && !isOneWord(atom.group)) {
      throw new Mistake(from, "no *, + or {} around a group that has *, +, ?, {} or | itself");
    }
    if (/^[*+?{]/.test(this.#next() ?? "")) throw new Mistake(this.#at, "no *, +, ? or {} after another");
    return { atom, least, most, text };
  }

  #atom(): Atom {
    const from = this.#at;
    const next = this.text[this.#at++] ?? "";
    if (next === "(") return this.#group(from);
    if (next === "[") return this.#class(from);
    if (next === ".") return { set: PRINTABLE, text: "." };
    if (next === "\\") return this.#escaped(from);
    if (PLAIN.test(next)) return { set: this.#folded([next]), text: next };
    throw new Mistake(from, "letters, digits, / _ ~ % @ : , ; = & ! - . [ ] ( ) | * + ? { } or \\");
  }

  #group(from: number): Atom {
    if (this.#next() === "?") throw new Mistake(this.#at, "a group without ? behind its (");
    if (++this.groups > MOST_GROUPS) throw new Mistake(from, `at most ${MOST_GROUPS} groups`);
    const group = this.alternatives();
    if (this.#next() !== ")") throw new Mistake(from, "a ) for the (");
    this.#at++;
    return { group, text: `(${written(group)})` };
  }

  #class(from: number): Atom {
    const [whole, not = "", inside = ""] = /^\[(\^?)((?:[A-Za-z0-9/_~%@:,;=&!.+*$()?-]|\\[dw.-])+)\]/.exec(
      this.text.slice(from),
    ) ?? [];
    if (whole === undefined) throw new Mistake(from, "a class such as [a-z0-9_.-] or [^/]");
    this.#at = from + whole.length;
    const hasDash = /^-|-$|\\-/.test(inside);
    const written = inside.replace(/^-|-$|\\-/g, "").replaceAll("\\d", "0-9").replaceAll("\\w", "A-Za-z0-9_")
      .replaceAll("\\.", ".") + (hasDash ? "-" : "");
    const named = charactersOf(written);
    if (named === undefined) throw new Mistake(from, "ranges of letters or of digits, such as a-z");
    const own = this.#folded(named);
    return { set: not === "" ? own : PRINTABLE.difference(own), text: `[${not}${written}]` };
  }

  #escaped(from: number): Atom {
    const next = this.text[this.#at++] ?? "";
    const written = next === "d" ? "0-9" : next === "w" ? "A-Za-z0-9_" : /[.+*?()$]/.test(next) ? next : "";
    if (written === "") throw new Mistake(from, "\\d, \\w, \\. or another mark behind \\");
    return { set: this.#folded(charactersOf(written) ?? []), text: `[${written}]` };
  }

  #folded(marks: Iterable<string>): ReadonlySet<string> {
    return new Set([...marks].map(this.fold));
  }

  #repeats(): { readonly least: number; readonly most: number; readonly text: string } {
    const from = this.#at;
    const [text = "", least = "", isRange, most = ""] =
      /^(?:[*+?]|\{(\d{1,2})(,?)(\d{0,2})\})/.exec(this.text.slice(from)) ?? [];
    if (text === "" && this.#next() === "{") throw new Mistake(from, "a number such as {2} or {2,4}");
    this.#at += text.length;
    if (text === "") return { least: 1, most: 1, text };
    if (text === "*") return { least: 0, most: LONGEST_SUBJECT, text };
    if (text === "+") return { least: 1, most: LONGEST_SUBJECT, text };
    if (text === "?") return { least: 0, most: 1, text };
    const upTo = isRange === "" ? Number(least) : most === "" ? LONGEST_SUBJECT : Number(most);
    const isTooMuch = Number(least) > MOST_REPEATS || (most !== "" && Number(most) > MOST_REPEATS);
    if (isTooMuch || upTo < Number(least)) throw new Mistake(from, `numbers up to ${MOST_REPEATS}, rising`);
    return { least: Number(least), most: upTo, text };
  }
}

/** Whether it always takes the same way: nothing in it is repeated or one of several. */
const isOneWord = (all: Alternatives): boolean =>
  all.length === 1 && all.flat().every(({ atom, text }) => text === "" && !("group" in atom));

const written = (all: Alternatives): string =>
  all.map((pieces) => pieces.map(({ atom, text }) => atom.text + text).join("")).join("|");

/** The characters of a class, as they stand in it; `undefined` where a range is none. */
function charactersOf(text: string): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const [whole, from, to] of text.matchAll(/(.)-(.)|./g)) {
    if (from === undefined || to === undefined) {
      all.add(whole);
      continue;
    }
    if (!/^(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9])$/.test(whole) || from > to) return undefined;
    for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) all.add(String.fromCharCode(code));
  }
  return all;
}
