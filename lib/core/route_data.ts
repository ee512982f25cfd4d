import type { BackendOption, HaproxyVersion } from "./backend_option.ts";
import { labelValue } from "./label_value.ts";
import type { HealthCheck } from "./model.ts";
import { type Nearest, nearest } from "./nearest_word.ts";
import type { HostName, PathPrefix, Port } from "./names.ts";
import { expected, type Notice, type Parsed, parsed, quote } from "./notice.ts";
import { repeatedKeys } from "./repeated_keys.ts";
import { type Kind, NEEDED_KEYS, ROUTE_KEYS, type RouteKey } from "./route_keys.ts";
import type { ContainerView } from "./snapshot.ts";

/** What one route of a container asks for, parsed; what it did not say, or said wrongly, is absent. */
export type RouteData = {
  /** Where it was said, for messages: `INTERLOCK_DATA`, `INTERLOCK_DATA[1]`, `label route "api"`, `labels`. */
  readonly source: string;
  /** The route cannot be built: its hostname, domain or port is wrong. */
  readonly isLost: boolean;
  /** Whether anything was said at all; a container that says nothing is not scolded for serving nothing. */
  readonly isExplicit: boolean;
  readonly hostname?: string;
  readonly domain?: HostName;
  readonly alias_domains?: readonly HostName[];
  readonly port?: Port;
  readonly warm?: boolean;
  readonly check?: HealthCheck;
  readonly check_interval?: number;
  readonly backend_options?: readonly BackendOption[];
  readonly ssl_only?: boolean;
  readonly balance_algorithm?: string;
  readonly weight?: number;
  readonly ssl_backend?: boolean;
  readonly ssl_backend_tls_verify?: "none" | "required";
  readonly network?: string;
  readonly context_root?: PathPrefix;
  readonly context_root_rewrite?: boolean;
};

type KeyName = keyof typeof ROUTE_KEYS;
const KEY_NAMES = Object.keys(ROUTE_KEYS) as KeyName[];
const isKeyName = (name: string): name is KeyName => Object.hasOwn(ROUTE_KEYS, name);
const KEY_OF_LABEL = new Map(KEY_NAMES.map((name) => [ROUTE_KEYS[name].label, name]));

/** One value that was said, not yet parsed; with the label that said it, if a label did. */
type Said = { readonly value: unknown; readonly label: string | undefined };
type SaidKeys = ReadonlyMap<KeyName, Said>;

/** Bounds on what one container can make us do: routes, and elements of one list. */
const MOST_ROUTES = 64;
const MOST_ELEMENTS = 256;
/** Keys that one notice names. */
const MOST_NAMED = 5;
const LONGEST_DATA = 65_536;

/** What one container says of its routes, and what is wrong with it. */
type RouteDataRead = { readonly routes: readonly RouteData[]; readonly notices: readonly Notice[] };

/** What containers said that nothing was wrong with, by their words: in INTERLOCK_DATA alone, or with labels. */
export class SaidBefore {
  readonly data = new Map<string, RouteDataRead>();
  readonly labels = new Map<string, RouteDataRead>();
}

/**
 * Everything that a container says of its routes; never throws, whatever the container wrote. Replicas say the same:
 * with `before`, their words are read once.
 */
export function readRouteData(
  container: ContainerView,
  version: HaproxyVersion,
  before: SaidBefore,
): RouteDataRead {
  const { interlockData, labels } = container;
  let names: string[] | undefined;
  for (const name in labels) if (isOurs(name)) (names ??= []).push(name);
  if (names !== undefined) {
    const ours = names;
    const words = JSON.stringify([interlockData, ours.map((name) => [name, labels[name]])]);
    return remember(before.labels, words, () => readWords(container, ours, version));
  }
  if (interlockData === undefined) return SILENT;
  return remember(before.data, interlockData, () => readWords(container, [], version));
}

function remember(
  before: Map<string, RouteDataRead>,
  words: string,
  read: () => RouteDataRead,
): RouteDataRead {
  const known = before.get(words);
  if (known !== undefined) return known;
  const result = read();
  // A notice names its container.
  if (result.notices.length === 0) before.set(words, result);
  return result;
}

function readWords(container: ContainerView, names: string[], version: HaproxyVersion): RouteDataRead {
  const reader = new Reader(container.name, version);
  const labels = reader.sortLabels(container.labels, names);
  const entries = container.interlockData === undefined ? [] : reader.readJson(container.interlockData);
  const { notices } = reader;
  const routes: RouteData[] = [];
  const own = labels.get("") ?? new Map();
  labels.delete("");
  if (entries !== "unreadable") {
    for (const { source, said } of entries) {
      routes.push(reader.readRoute(source, own.size === 0 ? said : new Map([...said, ...own])));
    }
    if (entries.length === 0) routes.push(reader.readRoute("labels", own));
  }
  for (const [name, said] of labels) routes.push(reader.readRoute(`label route ${quote(name)}`, said));
  if (routes.length > MOST_ROUTES) {
    reader.warn("too-many", `asks for ${routes.length} routes, at most ${MOST_ROUTES} are served`);
    routes.length = MOST_ROUTES;
  }
  return { routes, notices };
}

const isOurs = (label: string): boolean => label.startsWith("interlock.");

/** What a container asks for that says nothing: most do. */
const SILENT = { routes: [{ source: "labels", isLost: false, isExplicit: false }], notices: [] };

/** One object of INTERLOCK_DATA. */
type Entry = { readonly source: string; readonly said: SaidKeys };

class Reader {
  readonly notices: Notice[] = [];
  constructor(readonly subject: string, readonly version: HaproxyVersion) {}

  warn(code: string, message: string): void {
    this.notices.push({ severity: "warning", code, subject: this.subject, message });
  }

  readJson(text: string): Entry[] | "unreadable" {
    if (text.trim() === "") return [];
    if (text.length > LONGEST_DATA) {
      const length = `${text.length} characters long, expected at most ${LONGEST_DATA}`;
      this.warn("too-long", `INTERLOCK_DATA is ${length}; it serves no route`);
      return "unreadable";
    }
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch (error) {
      const why = error instanceof Error ? quote(error.message).slice(1, -1) : "not JSON";
      this.warn(
        "bad-json",
        `cannot read INTERLOCK_DATA (${why}), expected a JSON object such as {"hostname": "www"}`,
      );
      return "unreadable";
    }
    const repeated = repeatedKeys(text, data);
    if (repeated.length > 0) {
      const names = repeated.slice(0, MOST_NAMED).map(quote).join(", ");
      this.warn(
        "repeated-key",
        `INTERLOCK_DATA has ${names} more than once, expected each key once; the last one counts`,
      );
    }
    const list: unknown[] = Array.isArray(data) ? data : [data];
    const entries: Entry[] = [];
    for (const [index, entry] of list.entries()) {
      const source = list === data ? `INTERLOCK_DATA[${index}]` : "INTERLOCK_DATA";
      if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
        this.warn("bad-json", `${source} is ${quote(entry)}, expected a JSON object; it serves no route`);
      } else {
        entries.push({ source, said: this.sortKeys(source, entry as Record<string, unknown>) });
      }
    }
    return list.length > 0 && entries.length === 0 ? "unreadable" : entries;
  }

  sortKeys(source: string, entry: Record<string, unknown>): SaidKeys {
    const said = new Map<KeyName, Said>();
    for (const name of Object.keys(entry)) {
      if (isKeyName(name)) said.set(name, { value: entry[name], label: undefined });
      else this.unknown(`key ${quote(name)} of ${source}`, nearest(name, KEY_NAMES));
    }
    return said;
  }

  /** Sorts labels by the route that they speak of; the empty name is the container's own. */
  sortLabels(labels: Readonly<Record<string, string>>, names: readonly string[]): Map<string, SaidKeys> {
    const routes = new Map<string, Map<KeyName, Said>>();
    for (const label of [...names].sort(byNumberInside)) {
      const [first = "", second, ...rest] = label.slice("interlock.".length).split(".");
      const isOwn = KEY_OF_LABEL.has(first);
      const word = isOwn ? first : second ?? first;
      const index = isOwn ? [second, ...rest].filter((part) => part !== undefined) : rest;
      const keyName = KEY_OF_LABEL.get(word);
      const isList = keyName !== undefined && ROUTE_KEYS[keyName].kind === "string[]";
      const isIndex = index.length === 0 ||
        (isList && index.length === 1 && /^[0-9]{1,6}$/.test(index[0] ?? ""));
      const isRoute = isOwn || (second !== undefined && /^[A-Za-z0-9_-]{1,63}$/.test(first));
      if (keyName === undefined || !isIndex || !isRoute) {
        const route = isRoute && !isOwn ? `${first}.` : "";
        this.unknown(`label ${quote(label)}`, nearest(word, [...KEY_OF_LABEL.keys()]), `interlock.${route}`);
        continue;
      }
      const route = isOwn ? "" : first;
      const said = routes.get(route) ?? new Map<KeyName, Said>();
      routes.set(route, said);
      const value = labelValue(ROUTE_KEYS[keyName].kind, labels[label] ?? "");
      const before = said.get(keyName)?.value;
      said.set(keyName, {
        value: isList ? [...(Array.isArray(before) ? before : []), value] : value,
        label: `interlock.${isOwn ? "" : `${first}.`}${word}`,
      });
    }
    return routes;
  }

  unknown(what: string, { word, isLikely }: Nearest, prefix = ""): void {
    const known = quote(prefix + word);
    const advice = isLikely ? `did you mean ${known}?` : `the nearest that is known is ${known}`;
    this.warn("unknown-key", `${what} is not known, ${advice}`);
  }

  readRoute(source: string, said: SaidKeys): RouteData {
    const data: Record<string, unknown> = { source, isLost: false, isExplicit: said.size > 0 };
    for (const [name, { value, label }] of said) {
      // What a compose file leaves of a variable that is not set says nothing.
      if (value === "" && (name === "hostname" || name === "domain")) continue;
      const rule = ROUTE_KEYS[name];
      const result = rule.kind === "string[]"
        ? this.readList(rule, value, () => placeOf(name, label, source))
        : readOne(rule.kind, rule, value, this.version);
      if (result.ok) {
        data[name] = result.value;
        continue;
      }
      if (rule.isVital) data.isLost = true;
      const cost = rule.isVital ? "the route is left out" : "the key is left out";
      const place = placeOf(name, label, source);
      this.warn("bad-value", `${place} is ${quote(value)}, expected ${result.expected}; ${cost}`);
    }
    for (const [name, needed] of NEEDED_KEYS) {
      if (data[name] === undefined || data[name] === false || data[needed]) continue;
      const place = placeOf(name, said.get(name)?.label, source);
      this.warn("no-effect", `${place} has no effect, expected ${needed} beside it`);
    }
    return data as RouteData;
  }

  /** A list keeps its good elements: each bad one is a notice of its own. */
  readList(rule: RouteKey, value: unknown, place: () => string): Parsed<unknown[]> {
    if (!Array.isArray(value)) return expected("a list of strings");
    const values: unknown[] = [];
    for (const element of value.slice(0, MOST_ELEMENTS)) {
      const result = readOne("string", rule, element, this.version);
      if (result.ok) values.push(result.value);
      else {this.warn(
          "bad-value",
          `${place()} holds ${quote(element)}, expected ${result.expected}; it is left out`,
        );}
    }
    if (value.length > MOST_ELEMENTS) {
      this.warn("too-many", `${place()} has ${value.length} elements, the first ${MOST_ELEMENTS} are used`);
    }
    return parsed(values);
  }
}

/** Where a value was said, for messages. */
const placeOf = (name: KeyName, label: string | undefined, source: string): string =>
  label === undefined ? `"${name}" of ${source}` : `label "${label}"`;

const EXPECTED_KIND: Record<Kind, string> = {
  "string": "a string",
  "string[]": "a list of strings",
  "integer": "a whole number",
  "boolean": "true or false",
};

/** Reads one value of a kind: a list's elements have another kind than the list. */
function readOne(kind: Kind, rule: RouteKey, value: unknown, version: HaproxyVersion): Parsed<unknown> {
  const isRight = isOfKind(value, kind);
  // A port says its range by itself, which is better advice than its type.
  if (!isRight && rule.parse !== ROUTE_KEYS.port.parse) return expected(EXPECTED_KIND[kind]);
  return rule.parse(value as never, version);
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === "integer") return Number.isInteger(value);
  return kind === "boolean" ? typeof value === "boolean" : typeof value === "string";
}

/** Made when it is first needed: that takes longer than everything else that this module does when it is loaded. */
let collator: Intl.Collator | undefined;

/** `alias_domain.2` before `alias_domain.10`, so that a list has the order that its numbers say. */
function byNumberInside(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
