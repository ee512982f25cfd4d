import { nearestWord } from "../values/nearest_word.ts";
import { isKeyName, KEY_NAMES, KEY_OF_LABEL, type KeyName, keyNamed } from "../keys/route_keys.ts";

/** The key that narrows or protects which a word is exactly, as JSON or as labels spell it. */
export function exactGuard(word: string): KeyName | undefined {
  const lower = word.toLowerCase();
  const key = isKeyName(lower) ? lower : KEY_OF_LABEL.get(lower);
  return key !== undefined && keyNamed(key).isGuard === true ? key : undefined;
}

/** Short words are nearly too many others. */
const SHORTEST_SLIP = 5;
const GUARDS: ReadonlyMap<string, KeyName> = new Map(
  KEY_NAMES.filter((name) => keyNamed(name).isGuard === true).flatMap((name) =>
    [name, keyNamed(name).label].filter((spelling) => spelling.length > SHORTEST_SLIP)
      .map((spelling) => [spelling, name] as const)
  ),
);
const SPELLINGS = [...GUARDS.keys()];

/** The key that narrows or protects as which a word is nearly spelt; other names of it are not looked at. */
export function nearGuard(word: string): KeyName | undefined {
  if (word.length < SHORTEST_SLIP) return undefined;
  const found = nearestWord(word, SPELLINGS);
  // A beginning alone is a word of its own: `forward`, `context`.
  const isWhole = found !== undefined && word.length >= found.length - 2;
  return isWhole ? GUARDS.get(found) : undefined;
}

/** The same of a part of a word: `interlock.allow_from`, `access/allow_from`. */
export function guardInWord(word: string): KeyName | undefined {
  for (const part of word.split(/[^\w-]+/)) {
    const key = exactGuard(part);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** The same where it is nearly one: `interlock.foo.alow_from`. */
export function nearGuardInWord(word: string): KeyName | undefined {
  for (const part of word.split(/[^\w-]+/, MOST_PARTS)) {
    const key = nearGuard(part);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** Parts of one word that are looked at. */
const MOST_PARTS = 8;

/** Words within values that are compared with keys, letter by letter. */
const MOST_COMPARED = 64;

/** Finds where a key that narrows or protects may stand within values that are not read. */
export class NestedGuards {
  #left = MOST_COMPARED;

  /** The key, and where it stands: `access.allow_from`. So many words that nobody compares the last of them may be one, too. */
  find(value: unknown, name: string): NestedGuard | undefined {
    const exact = guardWithin(value, name);
    if (exact !== undefined) return { path: exact, key: guardInWord(exact) };
    const left: { readonly value: unknown; readonly path: string }[] = [{ value, path: name }];
    for (let each = left.pop(); each !== undefined; each = left.pop()) {
      const { value, path } = each;
      if (typeof value === "string") {
        const key = this.#inText(value);
        if (key !== undefined) return { path, key };
      }
      if (typeof value !== "object" || value === null) continue;
      const isList = Array.isArray(value);
      for (const [name, inner] of Object.entries(value)) {
        const place = isList ? path : `${path}.${name}`;
        if (!isList && inner !== null) {
          const key = this.#near(name);
          if (key !== undefined) return { path: place, key };
        }
        left.push({ value: inner, path: place });
      }
    }
    return this.#left <= 0 ? { path: name, key: undefined } : undefined;
  }

  /** Labels as compose files list them: `interlock.allow_from=10.0.0.0/8`. */
  #inText(text: string): KeyName | undefined {
    for (const line of text.split("\n", MOST_COMPARED)) {
      const [, name] = LABEL.exec(line) ?? [];
      if (name === undefined) continue;
      const key = guardInWord(name) ?? (OF_OURS.test(name) ? this.#near(name) : undefined);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  #near(name: string): KeyName | undefined {
    for (const part of name.split(/[^\w-]+/)) {
      if (part.length < SHORTEST_SLIP || this.#left <= 0) continue;
      this.#left--;
      const key = nearGuard(part);
      if (key !== undefined) return key;
    }
    return undefined;
  }
}

/** A key that stands where none is read. */
export type NestedGuard = { readonly path: string; readonly key: KeyName | undefined };

const LABEL = /^\s*["']?([\w./-]{3,128})["']?\s*[=:]/;
const OF_OURS = /interl|lock|signalb/i;

/** Where a key that narrows or protects stands within a value that is not read: `access.allow_from`. */
export function guardWithin(value: unknown, path = ""): string | undefined {
  if (typeof value === "string") return undefined;
  const left: { readonly value: unknown; readonly path: string }[] = [{ value, path }];
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    const { value, path } = each;
    if (typeof value !== "object" || value === null) continue;
    const isList = Array.isArray(value);
    for (const [name, inner] of Object.entries(value)) {
      const place = isList ? path : path === "" ? name : `${path}.${name}`;
      if (!isList && inner !== null && guardInWord(name) !== undefined) return place;
      left.push({ value: inner, path: place });
    }
  }
  return undefined;
}
