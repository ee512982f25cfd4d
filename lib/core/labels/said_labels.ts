import type { Complaints } from "../values/complaints.ts";
import { KINDS } from "../keys/key_kind.ts";
import { nearKey } from "../keys/near_key.ts";
import { quote } from "../values/notice.ts";
import { KEY_OF_LABEL, type KeyName, keyNamed, ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Said, SaidRoute } from "./said.ts";
import { findStrayNames } from "./stray_names.ts";
import { type Comparisons, type Near, UnknownWords } from "./unknown_words.ts";

const PREFIX = "interlock.";
const LAST_OF_PREFIX = PREFIX.length - 1;
const DOT = PREFIX.charCodeAt(LAST_OF_PREFIX);

/** Whether a label is meant for us: Docker's labels have a case, and who writes another one means the same. */
export function isOurs(label: string): boolean {
  return label.charCodeAt(LAST_OF_PREFIX) === DOT && label.slice(0, PREFIX.length).toLowerCase() === PREFIX;
}

/** What the labels of a container say: of the container's own route, and of each that has a name. */
export type SaidLabels = { readonly own: SaidRoute; readonly named: readonly SaidRoute[] };

/** Nothing at all. */
export const NO_LABELS: SaidLabels = {
  own: { source: "labels", keys: new Map(), fault: undefined },
  named: [],
};

/** Sorts our labels by the route that they speak of. */
export function sortLabels(
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
  complaints: Complaints,
  comparisons: Comparisons,
): SaidLabels {
  const routes = new Map<string, Map<KeyName, Said>>();
  const unknown = new UnknownWords(comparisons);
  for (const label of [...names].sort(byNumberInside)) {
    const parts = partsOf(label);
    if (parts === undefined) {
      unknown.add(label, () => nearLabels(label));
      continue;
    }
    const { route, key } = parts;
    const said = routes.get(route) ?? new Map<KeyName, Said>();
    routes.set(route, said);
    const { kind } = ROUTE_KEYS[key];
    const value = KINDS[kind].fromLabel(labels[label] ?? "");
    const before = said.get(key)?.value;
    said.set(key, {
      value: kind === "string[]" ? [...(Array.isArray(before) ? before : []), value] : value,
      label: labelText(route, key),
    });
  }
  unknown.tell(complaints, "label", "");
  const own = routes.get("") ?? new Map();
  routes.delete("");
  const strays = findStrayNames(routes, complaints);
  return {
    own: { source: "labels", keys: own, fault: unknown.faultOf(""), closing: unknown.closing },
    named: [...routes].map(([name, keys]) => ({
      source: `label route ${quote(name)}`,
      keys,
      fault: unknown.faultOf(name) ?? strays.get(name),
    })),
  };
}

type Parts = { readonly route: string; readonly key: KeyName };

/** `interlock.KEY`, `interlock.KEY.N` and `interlock.NAME.KEY`; `undefined` for what is none of these. */
function partsOf(label: string): Parts | undefined {
  if (!label.startsWith(PREFIX)) return undefined;
  const [first = "", second, ...rest] = label.slice(PREFIX.length).split(".");
  const isOwn = KEY_OF_LABEL.has(first);
  const word = isOwn ? first : second ?? first;
  const key = KEY_OF_LABEL.get(word);
  if (key === undefined || (!isOwn && !isRouteName(first))) return undefined;
  const index = isOwn ? [second, ...rest].filter((part) => part !== undefined) : rest;
  const isList = ROUTE_KEYS[key].kind === "string[]";
  const isIndex = index.length === 0 ||
    (isList && index.length === 1 && /^[0-9]{1,6}$/.test(index[0] ?? ""));
  return isIndex ? { route: isOwn ? "" : first, key } : undefined;
}

const isRouteName = (text: string): boolean => /^[A-Za-z0-9_-]{1,63}$/.test(text);

/** A label may be nearly a key of the container's own route, or of one that has a name, or of both. */
function nearLabels(label: string): Near[] {
  const words = label.slice(PREFIX.length).split(".");
  const [first = "", second] = words;
  const isNamed = second !== undefined && !KEY_OF_LABEL.has(first) && isRouteName(first);
  const ofNamed = isNamed ? nearKey(second) : undefined;
  const ofOwn = nearKey(first) ?? (ofNamed === undefined ? nearKey(words.join(".")) : undefined);
  return [
    ...(ofNamed === undefined ? [] : [nearLabel(first, ofNamed)]),
    ...(ofOwn === undefined ? [] : [nearLabel("", ofOwn)]),
    ...misplaced(words),
  ];
}

/**
 * A key that narrows, in a place where no key stands, as in `interlock.ssl_only.api` and `interlock.api..ssl_only`: it may
 * be meant for each route that the label names.
 */
function misplaced(words: readonly string[]): Near[] {
  const at = words.findIndex((word) => {
    const key = nearKey(word);
    return key !== undefined && keyNamed(key).isGuard === true;
  });
  const key = nearKey(words[at] ?? "");
  // A second word is the key of the route that the first one names.
  const isInPlace = at === 1 && isRouteName(words[0] ?? "");
  if (key === undefined || words.length < 2 || isInPlace) return [];
  return ["", ...words.filter((word, index) => index !== at && isRouteName(word))].map((route) =>
    nearLabel(route, key)
  );
}

function nearLabel(route: string, key: KeyName): Near {
  return { key, route, meant: labelText(route, key) };
}

const labelText = (route: string, key: KeyName): string =>
  `${PREFIX}${route === "" ? "" : `${route}.`}${ROUTE_KEYS[key].label}`;

/** Made when it is first needed: that takes longer than everything else that this module does when it is loaded. */
let collator: Intl.Collator | undefined;

/** `alias_domain.2` before `alias_domain.10`, so that a list has the order that its numbers say. */
function byNumberInside(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
