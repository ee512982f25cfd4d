import { interpolate, type Lookup } from "./interpolate.ts";

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:([=:])[ \t]*)?/;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A variable of a file, the line that it begins on, and its value; `undefined` where the surroundings have it. */
export type EnvEntry = { readonly name: string; readonly line: number; readonly value: string | undefined };

/**
 * Reads a file of variables, as `.env` and `env_file` are (compose-spec, env_file): a name and a value on each line, in
 * single quotes as it is, in double quotes with escapes; variables in it are written out. Lines that are none are left out.
 */
export function readEnv(text: string, lookup: Lookup): readonly EnvEntry[] {
  const found = new Map<string, EnvEntry>();
  const known: Lookup = (name) => lookup(name) ?? found.get(name)?.value;
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    const text = lines[at] ?? "";
    const [head, name, sign] = LINE.exec(text) ?? [];
    if (head === undefined || name === undefined) continue;
    if (sign === undefined) {
      if (text.trim() === head.trim()) found.set(name, { name, line, value: lookup(name) });
      continue;
    }
    let rest = text.slice(head.length);
    const mark = rest[0];
    if (mark !== '"' && mark !== "'") {
      const value = rest.replace(/(?:^|\s+)#.*$/, "").trim();
      found.set(name, { name, line, value: written(value, known) });
      continue;
    }
    // A value in quotes may go on for lines.
    while (endOfQuote(rest, mark) < 0 && at + 1 < lines.length) rest += `\n${lines[++at] ?? ""}`;
    const end = endOfQuote(rest, mark);
    const inner = rest.slice(1, end < 0 ? undefined : end);
    found.set(name, { name, line, value: mark === "'" ? inner : written(unescaped(inner), known) });
  }
  return [...found.values()];
}

function endOfQuote(text: string, mark: string): number {
  for (let at = 1; at < text.length; at++) {
    if (mark === '"' && text[at] === "\\") at++;
    else if (text[at] === mark) return at;
  }
  return -1;
}

const unescaped = (text: string): string =>
  text.replace(/\\([\s\S])/g, (_, mark: string) => mark === "$" ? "$$" : ESCAPED[mark] ?? mark);

/** What is no variable stays as it is. */
function written(text: string, lookup: Lookup): string {
  const result = interpolate(text, lookup, () => {});
  return result.ok ? result.value : text;
}
