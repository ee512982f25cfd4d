import type { Complaints } from "../values/complaints.ts";
import { KINDS } from "../keys/key_kind.ts";
import { nearKey } from "../keys/near_key.ts";
import { quote } from "../values/notice.ts";
import { once } from "../values/once.ts";
import { KEY_OF_LABEL, type KeyName, keyNamed, ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Said, SaidRoute, Words } from "./said.ts";
import { isRouteName, type LabelParts, type LabelPrefix, labelText, partsOf, PREFIX } from "./label_parts.ts";
import { partsBehindNearPrefix } from "./near_prefix.ts";
import { exactGuard } from "./misplaced_guards.ts";
import { whyLabelNotNeeded } from "./former_words.ts";
import { findStrayNames } from "./stray_names.ts";
import { type Comparisons, type Near, UnknownWords } from "./unknown_words.ts";

const DOT = ".".charCodeAt(0);

/** Whether a label is one of ours, in upper or lower case. */
export const isOurs = (label: string, prefix: LabelPrefix = PREFIX): boolean =>
  hasPrefix(label, prefix) || partsBehindNearPrefix(label, prefix).length > 0;

const hasPrefix = (label: string, prefix: LabelPrefix): boolean =>
  label.charCodeAt(prefix.length - 1) === DOT && label.slice(0, prefix.length).toLowerCase() === prefix;

/** What the labels of a container say: of the container's own route, and of each that has a name. */
export type SaidLabels = { readonly own: SaidRoute; readonly named: readonly SaidRoute[] };

/** Nothing at all. */
export const NO_LABELS: SaidLabels = {
  own: { source: "labels", keys: new Map(), fault: undefined },
  named: [],
};

/** Sorts our labels by the route that they speak of. */
export function sortLabels(
  { labels, names: ours, prefix }: Pick<Words, "labels" | "names" | "prefix">,
  complaints: Complaints,
  comparisons: Comparisons,
): SaidLabels {
  const routes = new Map<string, Map<KeyName, Said>>();
  const unknown = new UnknownWords(comparisons);
  let known: ReadonlySet<string> | undefined;
  const isSaid = (route: string) => (known ??= routesOf(ours, prefix)).has(route);
  for (const label of [...ours].sort(byNumberInside)) {
    const parts = label.startsWith(prefix) ? partsOf(label.slice(prefix.length)) : undefined;
    if (parts === undefined) {
      const needless = label.startsWith(prefix) ? whyLabelNotNeeded(label.slice(prefix.length)) : undefined;
      if (needless !== undefined) {
        complaints.tell("not-needed", () => `label ${quote(label)} is not needed: ${needless}`);
        continue;
      }
      unknown.add(label, () => nearLabels(label, prefix, isSaid));
      continue;
    }
    const { route, key } = parts;
    const said = routes.get(route) ?? new Map<KeyName, Said>();
    routes.set(route, said);
    const { kind } = ROUTE_KEYS[key];
    const value = KINDS[kind].fromLabel(labels[label] ?? "");
    const isList = kind === "string[]";
    const known = said.get(key);
    const before = isList ? known : undefined;
    const word = isList ? label.replace(/[.][0-9]+$/, "") : label;
    if (!isList && known !== undefined) tellTwice(known.label ?? "", label, complaints);
    said.set(key, {
      value: isList ? [...(Array.isArray(before?.value) ? before.value : []), value] : value,
      label: word,
      ...isList && { elements: [...before?.elements ?? [], `label ${quote(label)}`] },
    });
  }
  unknown.tell(complaints, "label", () => "");
  const own = routes.get("") ?? new Map();
  routes.delete("");
  const slips = unknown.slips((route) => routes.has(route));
  const names = new Set([...routes.keys(), ...slips.keys()]);
  names.delete("");
  const strays = findStrayNames(withSlips(routes, slips, names), prefix, complaints);
  return {
    own: {
      source: "labels",
      keys: own,
      fault: unknown.faultOf(""),
      closing: unknown.closing,
      slip: slips.get(""),
    },
    named: [...names].map((name) => ({
      name,
      source: `label route ${quote(name)}`,
      keys: routes.get(name) ?? NO_LABELS.own.keys,
      fault: unknown.faultOf(name) ?? strays.get(name),
      slip: slips.get(name),
    })),
  };
}

/** `interlock.check` and `interlock.health_check` are one key. */
function tellTwice(first: string, last: string, complaints: Complaints): void {
  complaints.warn(
    "repeated-key",
    () => `labels ${quote(first)} and ${quote(last)} are one key, expected one of them; the latter counts`,
  );
}

/** What is said of routes with a name, as if words that are nearly keys that protect were these. */
function withSlips(
  routes: ReadonlyMap<string, ReadonlyMap<KeyName, Said>>,
  slips: ReadonlyMap<string, KeyName>,
  all: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlyMap<KeyName, Said>> {
  return new Map([...all].map((name) => {
    const keys = routes.get(name) ?? NO_LABELS.own.keys;
    const slip = slips.get(name);
    return [name, slip === undefined || keys.has(slip) ? keys : new Map([...keys, [slip, SLIP]])];
  }));
}

/** Its value is never read. */
const SLIP: Said = { value: undefined, label: undefined };

/** The routes that labels which are right speak of. */
const routesOf = (names: readonly string[], prefix: LabelPrefix): ReadonlySet<string> =>
  new Set(
    names.flatMap((label) =>
      label.startsWith(prefix) ? partsOf(label.slice(prefix.length))?.route ?? [] : []
    ),
  );

/** A label may be nearly a key of the container's own route, or of one that has a name, or of both. */
function nearLabels(label: string, prefix: LabelPrefix, isSaid: (route: string) => boolean): Near[] {
  const nearLabel = (route: string, key: KeyName): Near => ({
    key,
    route,
    meant: labelText({ route, key }, prefix),
  });
  if (!hasPrefix(label, prefix)) {
    return partsBehindNearPrefix(label, prefix).map(({ route, key }) => nearLabel(route, key));
  }
  const words = label.slice(prefix.length).split(".");
  const [first = "", second] = words;
  const isNamed = second !== undefined && !KEY_OF_LABEL.has(first) && isRouteName(first);
  const ofNamed = isNamed ? nearKey(second) : undefined;
  const ofOwn = nearKey(first) ?? (ofNamed === undefined ? nearKey(words.join(".")) : undefined);
  return [
    ...(ofNamed === undefined ? [] : [nearLabel(first, ofNamed)]),
    ...(ofOwn === undefined ? [] : [nearLabel("", ofOwn)]),
    ...misplaced(words, isSaid).map(({ route, key, isForAll }) => ({ ...nearLabel(route, key), isForAll })),
  ];
}

/**
 * A key that narrows, in a place where no key stands, as in `interlock.ssl_only.api` and `interlock.api..ssl_only`: it may
 * be meant for each route that the label names.
 */
function misplaced(
  words: readonly string[],
  isSaid: (route: string) => boolean,
): (LabelParts & Pick<Near, "isForAll">)[] {
  const at = words.findIndex((word) => {
    const key = nearKey(word);
    return key !== undefined && keyNamed(key).isGuard === true;
  });
  const key = nearKey(words[at] ?? "");
  // A second word is the key of the route that the first one names.
  const [first = ""] = words;
  const isInPlace = at === 1 && isRouteName(first) && !KEY_OF_LABEL.has(first);
  if (key === undefined || words.length < 2 || isInPlace) return [];
  const names = words.filter((word, index) => index !== at && isRouteName(word));
  // Behind a key, or behind names of which none is a route's, it may be meant for any route.
  const isForAll = exactGuard(words[at] ?? "") !== undefined && at > 0 &&
    (KEY_OF_LABEL.has(first) || (names.length > 1 && !names.some(isSaid)));
  return ["", ...names].map((route) => ({ route, key, isForAll }));
}

const collator = once(() => new Intl.Collator("en", { numeric: true }));

/** `alias_domain.2` before `alias_domain.10`, so that a list has the order that its numbers say. */
function byNumberInside(a: string, b: string): number {
  return collator().compare(a, b) || (a < b ? -1 : 1);
}
