import { expected, type Parsed, parsed } from "../values/notice.ts";
import { isKeyName, KEY_OF_LABEL, type KeyName, ROUTE_KEYS } from "../keys/route_keys.ts";

/** What labels of ours begin with, a dot at its end; in small letters. */
export type LabelPrefix = string & { readonly [brand]: "LabelPrefix" };
declare const brand: unique symbol;

/** The prefix where the settings name no other. */
export const PREFIX = "interlock." as LabelPrefix;

/** Reads the name that labels begin with: `interlock`. */
export function parsePrefix(name: string): Parsed<LabelPrefix> {
  // Of a shorter name every other one is a slip, so that none could be told.
  const isName = /^[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]$/.test(name) && !name.includes("..");
  // Interlock 2's labels have rules of their own.
  const isTaken = "com.docker.lb.".startsWith(`${name}.`);
  return isName && !isTaken ? parsed(`${name}.` as LabelPrefix) : expected(
    "3 to 63 small letters, digits and ._- such as interlock or org.example.edge, and no com.docker",
  );
}

/** The route that a label speaks of, "" for the container's own, and the key. */
export type LabelParts = { readonly route: string; readonly key: KeyName };

/**
 * What stands behind the prefix: `KEY`, `KEY.N` or `NAME.KEY`; `undefined` for what is none of these. A key goes by its label, or
 * by its name in INTERLOCK_DATA: a route may have such a name all the same.
 */
export function partsOf(rest: string): LabelParts | undefined {
  const [first = "", second, ...others] = rest.split(".");
  const own = KEY_OF_LABEL.get(first);
  const index = second === undefined ? [] : [second, ...others];
  if (own !== undefined) return isIndexOf(own, index) ? { route: "", key: own } : undefined;
  const named = keyOfWord(second ?? "");
  if (named !== undefined && isRouteName(first)) {
    return isIndexOf(named, others) ? { route: first, key: named } : undefined;
  }
  return isKeyName(first) && isIndexOf(first, index) ? { route: "", key: first } : undefined;
}

const keyOfWord = (word: string): KeyName | undefined =>
  KEY_OF_LABEL.get(word) ?? (isKeyName(word) ? word : undefined);

/** Whether a label may have this behind its key: nothing, or for a list a number. */
const isIndexOf = (key: KeyName, words: readonly string[]): boolean =>
  words.length === 0 ||
  (ROUTE_KEYS[key].kind === "string[]" && words.length === 1 && /^[0-9]{1,6}$/.test(words[0] ?? ""));

/** Whether a word can name a route. */
export const isRouteName = (text: string): boolean => /^[A-Za-z0-9_-]{1,63}$/.test(text);

/** The label as it is spelt right. */
export const labelText = ({ route, key }: LabelParts, prefix: LabelPrefix): string =>
  `${prefix}${route === "" ? "" : `${route}.`}${ROUTE_KEYS[key].label}`;
