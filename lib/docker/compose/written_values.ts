import { onOneLine } from "../../core/values/notice.ts";
import { withoutSecrets } from "../../core/values/secret_text.ts";

/** Shorter ones are looked for as words alone: within words, they stand everywhere. */
const PIECE = 4;
/** A part of a value that has letters alone may be a word of a message, unless it is so long. */
const LONGEST_WORD = 12;
/** Stands where a message has left out what follows, or what was before. */
const CUT = "…";
/** What parsers part a text at; a part counts where it is a word of a message. */
const BETWEEN = /[\s,;"'=:/@|[\]{}]+/;
const isWordMark = (mark: string | undefined): boolean => mark !== undefined && /[\p{L}\p{N}_]/u.test(mark);

/**
 * The values of variables that stand in a project, each with the text that the file has in its place. A variable may hold any
 * secret of the shell or of a file that a compose file names, so that nothing may print it.
 */
export class WrittenValues {
  /** By value, in small letters, as hosts are told. */
  readonly #shown = new Map<string, string>();
  readonly #parts = new Map<string, string>();
  readonly #pieces = new Map<string, string>();
  /** The first marks of values, and the last ones, which may stand alone where a message cuts one off. */
  readonly #starts = new Map<string, string>();
  readonly #ends = new Map<string, string>();
  /** The words that the compose files have themselves. */
  readonly #words = new Set<string>();

  /** Takes a value, and the text such as `${NAME}` that it stands in place of. */
  add(value: string, whole: string): void {
    const text = shownText(whole);
    // Messages quote as JSON does.
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) {
      const small = form.trim().toLowerCase();
      if (small === "" || this.#shown.has(small)) continue;
      this.#shown.set(small, text);
      for (const part of small.split(BETWEEN)) if (part.length >= PIECE) this.#parts.set(part, text);
      for (let length = 1; length < PIECE; length++) {
        this.#starts.set(small.slice(0, length), text);
        this.#ends.set(small.slice(-length), text);
      }
      for (let at = 0; at + PIECE <= small.length; at++) {
        const piece = small.slice(at, at + PIECE);
        if (!this.#pieces.has(piece)) this.#pieces.set(piece, text);
      }
    }
  }

  /** Takes the text of a compose file: a word that stands in it is no secret where a value has a part of that word. */
  addText(text: string): void {
    for (const [word] of text.toLowerCase().matchAll(WORD)) this.#words.add(word);
  }

  /** A message with each value, and each part of one, as the text that stands in the file. */
  readonly hide = (message: string): string => {
    if (this.#shown.size === 0) return message;
    // Small letters of some characters are longer: then each place would be another one.
    const lower = message.toLowerCase();
    const small = lower.length === message.length ? lower : message;
    let result = "";
    for (let at = 0; at < message.length;) {
      const end = this.#endOfPieces(small, at);
      const shown = end > at ? this.#shownFor(message, small, at, end) : undefined;
      if (shown !== undefined) {
        result += shown;
        at = end;
      } else if (end > at) {
        // Words of ours, or of the file.
        result += this.#withoutShort(message.slice(at, end), small.slice(at, end), small[at - 1], small[end]);
        at = end;
      } else {
        const next = this.#shortAt(small, at);
        result += next?.shown ?? message.slice(at, at + 1);
        at += next?.length ?? 1;
      }
    }
    return result;
  };

  /** The end of what consists of parts of values from here on; the place itself where there is none. */
  #endOfPieces(small: string, from: number): number {
    let at = from;
    while (at + PIECE <= small.length && this.#pieces.has(small.slice(at, at + PIECE))) at++;
    return at === from ? from : at + PIECE - 1;
  }

  #shownFor(message: string, small: string, from: number, end: number): string | undefined {
    const part = small.slice(from, end);
    const whole = this.#shown.get(part);
    if (whole !== undefined) return whole;
    const [, before = "", bare = "", behind = ""] = BARE.exec(part) ?? [];
    const isWord = !isWordMark(small[from + before.length - 1]) && !isWordMark(small[end - behind.length]);
    const known = isWord ? this.#parts.get(bare) : undefined;
    if (known !== undefined) return `${before}${known}${behind}`;
    if (this.#isOfFile(small, from, end)) return undefined;
    const hasLettersAlone = /^[a-z .,:'"-]*$/.test(message.slice(from, end));
    return hasLettersAlone && part.length <= LONGEST_WORD
      ? undefined
      : this.#pieces.get(part.slice(0, PIECE));
  }

  /** Whether all words that a part lies in stand in the files too. */
  #isOfFile(small: string, from: number, end: number): boolean {
    let [first, last] = [from, end];
    while (first > 0 && isOfWord(small[first - 1])) first--;
    while (last < small.length && isOfWord(small[last])) last++;
    const words = [...small.slice(first, last).matchAll(WORD)];
    return words.length > 0 && words.every(([word]) => this.#words.has(word));
  }

  #shortAt(small: string, at: number): { readonly shown: string; readonly length: number } | undefined {
    const isWord = !isWordMark(small[at - 1]);
    for (let length = PIECE - 1; length > 0; length--) {
      if (at + length > small.length) continue;
      const [part, behind] = [small.slice(at, at + length), small[at + length]];
      const shown = (isWord && !isWordMark(behind) ? this.#shown.get(part) : undefined) ??
        (behind === CUT ? this.#starts.get(part) : undefined) ??
        (small[at - 1] === CUT ? this.#ends.get(part) : undefined);
      if (shown !== undefined) return { shown, length };
    }
    return undefined;
  }

  #withoutShort(text: string, small: string, before: string | undefined, behind: string | undefined): string {
    let result = "";
    const around = `${before ?? " "}${small}${behind ?? " "}`;
    for (let at = 0; at < text.length;) {
      const next = this.#shortAt(around, at + 1);
      result += next?.shown ?? text.slice(at, at + 1);
      at += next?.length ?? 1;
    }
    return result;
  }
}

const BARE = /^([\s,;"'=:/@|[\]{}]*)(.*?)([\s,;"'=:/@|[\]{}]*)$/s;
const WORD = /[a-z0-9_.-]+/g;
const isOfWord = (mark: string | undefined): boolean => mark !== undefined && /[a-z0-9_.-]/.test(mark);

const LONGEST_TEXT = 80;

/** The word that stands in for a variable may be a secret too, or as long as the file. */
function shownText(text: string): string {
  const [, head = text, word = ""] = /^(\$\{[A-Za-z0-9_]+:?[-?+])(.*)\}$/s.exec(text) ?? [];
  const shown = withoutSecrets(word.slice(0, LONGEST_TEXT));
  return onOneLine(head === text ? text : `${head}${shown}${word.length > LONGEST_TEXT ? CUT : ""}}`);
}
