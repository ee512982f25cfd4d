import { quote } from "../values/notice.ts";

/** What keeps a text from being JSON, and where. */
export type JsonMistake = {
  /** Of the first character that is wrong, from 0. */
  readonly offset: number;
  /** What stands there, or does not. */
  readonly what: string;
  /** What would be right, as it follows "expected". */
  readonly expected: string;
};

/**
 * The first mistake in a text that JSON.parse refuses (RFC 8259), by the names that people give to what they have
 * written; `undefined` where it finds none. Where the text may hold a secret, no word of it is in what it says.
 */
export function findJsonMistake(text: string, isSecret = false): JsonMistake | undefined {
  const wrapped = findWrapped(text);
  if (wrapped !== undefined) return wrapped;
  const scan = new Scan(text, isSecret);
  while (scan.mistake === undefined && !scan.isDone) scan.step();
  return scan.mistake;
}

/** Env files keep the quotes that a shell would have taken off: `'{"hostname": "www"}'`. */
function findWrapped(text: string): JsonMistake | undefined {
  const [, blanks = "", mark] = /^(\s*)(["'“‘`])\s*[{[]/.exec(text) ?? [];
  if (mark === undefined) return undefined;
  return { offset: blanks.length, what: "quotes around all of it", expected: "none: env files keep them" };
}

/** What may come next. */
type Next = "value" | "key" | "colon" | "comma" | "end";

class Scan {
  mistake: JsonMistake | undefined;
  isDone = false;
  #at = 0;
  #next: Next = "value";
  /** What is open, the innermost last. */
  readonly #open: ("{" | "[")[] = [];
  /** The comma or bracket that was read last, if nothing came after it. */
  #last: { readonly mark: string; readonly offset: number } | undefined;

  constructor(readonly text: string, readonly isSecret: boolean) {}

  /** Reads one token. */
  step(): void {
    while (/[ \t\r\n]/.test(this.text[this.#at] ?? "x")) this.#at++;
    const mark = this.text[this.#at];
    if (mark === undefined) return this.#endOfText();
    if (this.#next === "end") return this.#fail("something after its end", "nothing more");
    const named = nameOf(this.text.slice(this.#at, this.#at + 2));
    if (named !== undefined) return this.#fail(...named);
    if (mark === "}" || mark === "]") return this.#close(mark);
    if (this.#next === "comma") return this.#afterValue(mark);
    if (this.#next === "colon") return this.#colon(mark);
    if (mark === ",") return this.#fail("a comma with nothing before it", "no comma here");
    if (mark === '"') return this.#string();
    if (this.#next === "key") return this.#bareKey();
    if (mark === "{" || mark === "[") return this.#enter(mark);
    return this.#bareValue();
  }

  #fail(what: string, expected: string, offset = this.#at): void {
    this.mistake = { offset, what, expected };
  }

  #endOfText(): void {
    this.isDone = true;
    if (this.#next === "end") return;
    const open = this.#open.at(-1);
    if (open === undefined) this.#fail("nothing", 'a JSON object such as {"hostname": "www"}');
    else this.#fail("it ends too early", open === "{" ? "a closing }" : "a closing ]");
  }

  #enter(mark: "{" | "["): void {
    this.#open.push(mark);
    this.#last = { mark, offset: this.#at };
    this.#next = mark === "{" ? "key" : "value";
    this.#at++;
  }

  #close(mark: "}" | "]"): void {
    const open = this.#open.at(-1);
    if (open === undefined) {
      return this.#fail(`a ${mark} that closes nothing`, 'a JSON object such as {"hostname": "www"}');
    }
    const right = open === "{" ? "}" : "]";
    if (this.#last?.mark === ",") {
      return this.#fail(`a comma before the closing ${mark}`, "none after the last one", this.#last.offset);
    }
    if (mark !== right) return this.#fail(`a ${mark} where a ${open} is open`, `a closing ${right}`);
    if (this.#next === "colon" || (this.#next === "value" && open === "{")) {
      return this.#fail("a key without a value", 'a colon and a value, as in "port": 80');
    }
    this.#open.pop();
    this.#at++;
    this.#valueDone();
  }

  #valueDone(): void {
    this.#last = undefined;
    this.#next = this.#open.length === 0 ? "end" : "comma";
  }

  #afterValue(mark: string): void {
    if (mark === ",") {
      this.#last = { mark, offset: this.#at };
      this.#next = this.#open.at(-1) === "{" ? "key" : "value";
      this.#at++;
      return;
    }
    if (mark === ":") return this.#fail("a second colon", "a comma or a closing bracket");
    this.#fail("no comma between two of its parts", "a comma here");
  }

  #colon(mark: string): void {
    if (mark === "=") return this.#fail("an equals sign", "a colon");
    if (mark !== ":") return this.#fail("no colon after a key", "a colon and a value here");
    this.#next = "value";
    this.#last = undefined;
    this.#at++;
  }

  #string(): void {
    const from = this.#at;
    for (let at = from + 1; at < this.text.length; at++) {
      const mark = this.text[at] as string;
      if (mark === '"') {
        this.#at = at + 1;
        if (this.#next === "key") this.#next = "colon";
        else this.#valueDone();
        return;
      }
      if (mark < " ") return this.#fail("a line break or a tab inside a text", "\\n or \\t in its place", at);
      if (mark !== "\\") continue;
      const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
      escape.lastIndex = at;
      const length = escape.exec(this.text)?.[0].length;
      if (length === undefined) {
        return this.#fail("a backslash that begins no escape", "\\\\ for a backslash", at);
      }
      at += length - 1;
    }
    this.#fail("a text without its closing quote", 'a closing "', from);
  }

  #bareKey(): void {
    const word = this.#word();
    if (word === "") {
      this.#fail(`${this.#shown(this.text[this.#at])} where a key begins`, 'a key such as "hostname"');
    } else this.#fail("a key without quotes", this.#inQuotes(word));
  }

  #bareValue(): void {
    const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.:/+-])/y;
    const literal = /(?:true|false|null)(?![\w.:/+-])/y;
    for (const pattern of [number, literal]) {
      pattern.lastIndex = this.#at;
      const length = pattern.exec(this.text)?.[0].length;
      if (length === undefined) continue;
      this.#at += length;
      return this.#valueDone();
    }
    const word = this.#word();
    if (this.#open.length === 0) {
      return this.#fail("no object or list", 'a JSON object such as {"hostname": "www"}');
    }
    const meant = /^(?:true|false|null|none|nil|undefined)$/i.test(word) ? word.toLowerCase() : undefined;
    if (meant !== undefined) {
      return this.#fail(`${quote(word)}, which JSON does not have`, /^[tf]/.test(meant) ? meant : "null");
    }
    if (/^[-+.]?[0-9]/.test(word) && !/[^0-9.+-]|\..*\./.test(word)) {
      return this.#fail(
        "a number that JSON does not have",
        "digits without a zero, a plus or a point in front",
      );
    }
    if (word === "") return this.#fail(`${this.#shown(this.text[this.#at])} where a value begins`, "a value");
    this.#fail("a text without quotes", this.#inQuotes(word));
  }

  #inQuotes(word: string): string {
    return this.isSecret ? "double quotes around it" : `${quote(word)} in double quotes`;
  }

  #shown(word: string | undefined): string {
    return this.isSecret ? "something" : quote(word);
  }

  /** What would stand in quotes: up to a mark of JSON's, a quote or a blank. */
  #word(): string {
    const word = /[^\s,:{}[\]"'“”]{1,80}/y;
    word.lastIndex = this.#at;
    return word.exec(this.text)?.[0] ?? "";
  }
}

/** What people write that looks like JSON, by its first characters. */
function nameOf(beginning: string): [what: string, expected: string] | undefined {
  const [mark = ""] = beginning;
  if (mark === "'" || mark === "`") return ["single quotes", 'double quotes (")'];
  // What was quoted for a shell twice.
  if (/^\\["']/.test(beginning)) return ["a backslash before a quote", "the quote alone"];
  if (/[“”„‟‘’‚«»]/.test(mark)) return ["typographic quotes", 'straight double quotes (")'];
  if (/^(?:\/\/|\/\*|#|--)/.test(beginning)) return ["a comment", "none: JSON has no comments"];
  if (/[\u00a0\u200b-\u200f\u2028-\u202f\u2060\ufeff]/.test(mark)) {
    return ["an invisible character", "an ordinary blank, or none"];
  }
  return undefined;
}
