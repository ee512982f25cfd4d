import { expected, type Parsed, parsed } from "../values/notice.ts";
import { KEY_OF_LABEL, type KeyName, ROUTE_KEYS } from "../keys/route_keys.ts";

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

/** What stands behind the prefix: `KEY`, `KEY.N` or `NAME.KEY`; `undefined` for what is none of these. */
export function partsOf(rest: string): LabelParts | undefined {
  const [first = "", second, ...others] = rest.split(".");
  const isOwn = KEY_OF_LABEL.has(first);
  const word = isOwn ? first : second ?? first;
  const key = KEY_OF_LABEL.get(word);
  if (key === undefined || (!isOwn && !isRouteName(first))) return undefined;
  const index = isOwn ? [second, ...others].filter((part) => part !== undefined) : others;
  const isList = ROUTE_KEYS[key].kind === "string[]";
  const isIndex = index.length === 0 ||
    (isList && index.length === 1 && /^[0-9]{1,6}$/.test(index[0] ?? ""));
  return isIndex ? { route: isOwn ? "" : first, key } : undefined;
}

/** Whether a word can name a route. */
export const isRouteName = (text: string): boolean => /^[A-Za-z0-9_-]{1,63}$/.test(text);

/** The label as it is spelt right. */
export const labelText = ({ route, key }: LabelParts, prefix: LabelPrefix): string =>
  `${prefix}${route === "" ? "" : `${route}.`}${ROUTE_KEYS[key].label}`;
