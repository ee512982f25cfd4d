import { interpolate, type Lookup, type Telling } from "./interpolate.ts";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:([=:])[ \t]*)?/;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A variable of a file, the line that it begins on, and its value; `undefined` where the surroundings have it. */
export type EnvEntry = { readonly name: string; readonly line: number; readonly value: string | undefined };

/** What the values of one file have in all, variables written out. */
const MOST_CHARACTERS = 1_048_576;

/**
 * Reads a file of variables, as `.env` and `env_file` are (compose-spec, env_file): a name and a value on each line, in
 * single quotes as it is, in double quotes with escapes; variables in it are written out, and told to `wrote`. Lines that are
 * none are left out. Throws where the values are too long.
 */
export function readEnv(
  whole: string,
  lookup: Lookup,
  wrote: Telling["wrote"] = () => {},
): ReadonlyMap<string, EnvEntry> {
  const found = new Map<string, EnvEntry>();
  const known: Lookup = (name) => lookup(name) ?? found.get(name)?.value;
  const text = whole.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  const endOfLine = (from: number) => {
    const end = text.indexOf("\n", from);
    return end < 0 ? text.length : end;
  };
  let left = MOST_CHARACTERS;
  const take = (name: string, line: number, value: string | undefined) => {
    left -= value?.length ?? 0;
    if (left < 0) throw new Error(`its values have more than ${MOST_CHARACTERS} characters, expected fewer`);
    // The last one counts, and stands last.
    found.delete(name);
    found.set(name, { name, line, value });
  };
  for (let at = 0, line = 1; at < text.length; line++) {
    const row = text.slice(at, endOfLine(at));
    const [head, name, sign] = LINE.exec(row) ?? [];
    let end = at + row.length;
    if (head !== undefined && name !== undefined) {
      const mark = row[head.length];
      if (sign === undefined) {
        const value = lookup(name);
        if (value !== undefined) wrote(value, `\${${name}}`);
        if (row.trim() === head.trim()) take(name, line, value);
      } else if (mark === '"' || mark === "'") {
        // A value in quotes may go on for lines.
        const from = at + head.length + 1;
        const closing = endOfQuote(text, from, mark);
        const inner = text.slice(from, closing);
        take(name, line, mark === "'" ? inner : written(unescaped(inner), known, wrote));
        line += inner.split("\n").length - 1;
        end = endOfLine(closing);
      } else {take(
          name,
          line,
          written(row.slice(head.length).replace(/(?:^|\s)#.*$/, "").trim(), known, wrote),
        );}
    }
    at = end + 1;
  }
  return found;
}

/** The end of the text where no quote ends it. */
function endOfQuote(text: string, from: number, mark: string): number {
  for (let at = from; at < text.length; at++) {
    if (mark === '"' && text[at] === "\\") at++;
    else if (text[at] === mark) return at;
  }
  return text.length;
}

const unescaped = (text: string): string =>
  text.replace(/\\([\s\S])/g, (_, mark: string) => mark === "$" ? "$$" : ESCAPED[mark] ?? mark);

/** What is no variable stays as it is. */
function written(text: string, lookup: Lookup, wrote: Telling["wrote"]): string {
  const result = interpolate(text, lookup, { unset: () => {}, wrote });
  return result.ok ? result.value : text;
}
