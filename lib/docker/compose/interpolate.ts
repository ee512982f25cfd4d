import { expected, type Parsed, parsed, quote } from "../../core/values/notice.ts";

/** What a variable holds; `undefined` where it is not set. */
export type Lookup = (name: string) => string | undefined;

/** What is told while a text is written out: each variable that is not set, and each value with the text that it stands in place of. */
export type Telling = {
  readonly unset: (name: string) => void;
  readonly wrote: (value: string, text: string) => void;
};

/** Variables within the words of others. */
const DEEPEST = 16;

/** What variables hold may be written out many times in one text. */
const LONGEST_RESULT = 1_048_576;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

/**
 * A text with its variables written out: `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME-word}`, `${NAME:?why}`, `${NAME?why}`,
 * `${NAME:+word}`, `${NAME+word}`, each word with variables of its own, and `$$` for a dollar (compose-spec,
 * interpolation).
 */
export function interpolate(text: string, lookup: Lookup, telling: Telling, depth = 0): Parsed<string> {
  if (depth > DEEPEST) return expected(`at most ${DEEPEST} variables within one another`);
  let result = "";
  for (let at = 0; at < text.length;) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) {
      result += text.slice(at);
      break;
    }
    result += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const [name] = NAME.exec(rest) ?? [];
    if (rest.startsWith("$")) {
      result += "$";
      at = dollar + 2;
    } else if (name !== undefined) {
      result += plain(name, `$${name}`, lookup, telling);
      at = dollar + 1 + name.length;
    } else {
      const end = rest.startsWith("{") ? closingBrace(rest) : -1;
      if (end < 0) return expected(`\${NAME}, or $$ for a dollar, at ${quote(`$${rest.slice(0, 20)}`)}`);
      const inner = braced(rest.slice(1, end), lookup, telling, depth);
      if (!inner.ok) return inner;
      result += inner.value;
      at = dollar + 2 + end;
    }
    if (result.length > LONGEST_RESULT) return expected(`at most ${LONGEST_RESULT} characters`);
  }
  return parsed(result);
}

function plain(name: string, text: string, lookup: Lookup, { unset, wrote }: Telling): string {
  const value = lookup(name);
  if (value === undefined) unset(name);
  else wrote(value, text);
  return value ?? "";
}

/** The place of the brace that ends the one at the beginning; -1 where there is none. */
function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{" && (at === 0 || text[at - 1] === "$")) depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function braced(inner: string, lookup: Lookup, telling: Telling, depth: number): Parsed<string> {
  const [name] = NAME.exec(inner) ?? [];
  const [, operator, word = ""] = /^(:?[-?+])([\s\S]*)$/.exec(inner.slice(name?.length ?? 0)) ?? [];
  if (name === undefined || (operator === undefined && name !== inner)) {
    return expected(
      `a variable's name such as NAME or NAME:-default, at ${quote(`\${${inner.slice(0, 20)}`)}`,
    );
  }
  const text = `\${${inner}}`;
  if (operator === undefined) return parsed(plain(name, text, lookup, telling));
  const value = lookup(name);
  const isThere = value !== undefined && (value !== "" || !operator.startsWith(":"));
  const written = () => interpolate(word, lookup, telling, depth + 1);
  if (operator.endsWith("+")) return isThere ? written() : parsed("");
  if (isThere) {
    telling.wrote(value, text);
    return parsed(value);
  }
  if (operator.endsWith("-")) return written();
  // As it stands in the file: it may name other variables.
  return expected(`the variable ${name} to be set${word === "" ? "" : `: ${quote(word)}`}`);
}
