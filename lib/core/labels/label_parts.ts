import { KEY_OF_LABEL, type KeyName, ROUTE_KEYS } from "../keys/route_keys.ts";

/** What our labels begin with. */
export const PREFIX = "interlock.";

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
export const labelText = ({ route, key }: LabelParts): string =>
  `${PREFIX}${route === "" ? "" : `${route}.`}${ROUTE_KEYS[key].label}`;
