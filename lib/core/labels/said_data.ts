import type { Complaints } from "../values/complaints.ts";
import { nearKey } from "../keys/near_key.ts";
import { findJsonMistake } from "./json_mistake.ts";
import { messageOf } from "../values/message_of.ts";
import { excerptAt, quote } from "../values/notice.ts";
import { repeatedKeys } from "./repeated_keys.ts";
import { isKeyName, type KeyName, keyNamed, protectsRoute, ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Said, SaidRoute } from "./said.ts";
import { whyNotNeeded } from "./former_words.ts";
import { guardInWord, nearGuardInWord, type NestedGuard, NestedGuards } from "./misplaced_guards.ts";
import type { Fault } from "../keys/route_data.ts";
import { mayTellSecret, shownName } from "./shown_names.ts";
import { type Comparisons, UnknownWords } from "./unknown_words.ts";

/** Bounds on what one container can make us read: characters, and routes. */
const LONGEST_DATA = 65_536;
/** Routes that one container may ask for. */
export const MOST_ROUTES = 64;
const EXPECTED_OBJECT = 'expected a JSON object such as {"hostname": "www"}';
/** Keys that one notice names. */
const MOST_NAMED = 5;

/** What INTERLOCK_DATA says, an element for each of its objects; `undefined` where it cannot be read. */
export function sortData(
  text: string,
  complaints: Complaints,
  comparisons: Comparisons,
): readonly SaidRoute[] | undefined {
  if (text.trim() === "") return [];
  if (text.length > LONGEST_DATA) {
    const length = `${text.length} characters long, expected at most ${LONGEST_DATA}`;
    complaints.warn("too-long", () => `INTERLOCK_DATA is ${length}; it serves no route`);
    return undefined;
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    tellMistake(text, error, complaints);
    return undefined;
  }
  const repeated = repeatedKeys(text, data);
  const fault = tellRepeated(repeated, complaints);
  const closing = repeated.includes("enable") ? fault : undefined;
  const list: readonly unknown[] = Array.isArray(data) ? data : [data];
  if (list.length > MOST_ROUTES) {
    complaints.warn(
      "too-many",
      () => `INTERLOCK_DATA asks for ${list.length} routes, at most ${MOST_ROUTES} are served`,
    );
  }
  const routes: SaidRoute[] = [];
  let stray: Fault = list.slice(MOST_ROUTES).some(isProtected)
    ? `INTERLOCK_DATA has more than ${MOST_ROUTES} routes, and a protected one among those that are not read`
    : undefined;
  for (const [index, entry] of list.slice(0, MOST_ROUTES).entries()) {
    const source = list === data ? `INTERLOCK_DATA[${index}]` : "INTERLOCK_DATA";
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      complaints.warn(
        "bad-json",
        () =>
          `${source} is ${
            mayTellSecret(text) ? "no object" : quote(entry)
          }, ${EXPECTED_OBJECT}; it serves no route`,
      );
      stray ??= tellUnread(source, new NestedGuards().find(entry, ""), complaints);
    } else {
      const route = sortKeys(source, entry as Record<string, unknown>, complaints, comparisons);
      routes.push({ ...route, fault: fault ?? route.fault, closing: closing ?? route.closing });
    }
  }
  if (list.length > 0 && routes.length === 0) return undefined;
  return stray === undefined ? routes : routes.map((route) => ({ ...route, fault: route.fault ?? stray }));
}

/** Whether an object says who may come in: another route of the container could serve what it protects. */
const isProtected = (entry: unknown): boolean =>
  typeof entry === "object" && entry !== null &&
  Object.keys(entry).some((name) => isKeyName(name) && protectsRoute(name));

/** Whether a text that cannot be read has a word in it that says whether the container is to be left out. */
export const mayClose = (text: string): boolean => CLOSING_WORDS.test(text);

const CLOSING_WORDS = new RegExp(["enable", ...ROUTE_KEYS.enable.otherNames].join("|"), "i");

function tellMistake(text: string, error: unknown, complaints: Complaints): void {
  const isSecret = mayTellSecret(text);
  const mistake = findJsonMistake(text, isSecret);
  if (mistake === undefined) {
    // It quotes the text.
    const why = isSecret ? "no JSON" : quote(messageOf(error)).slice(1, -1);
    return complaints.warn("bad-json", () => `cannot read INTERLOCK_DATA (${why}), ${EXPECTED_OBJECT}`);
  }
  const { offset, what, expected } = mistake;
  const lines = text.slice(0, offset).split("\n");
  const place = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
  complaints.warn(
    "bad-json",
    () => `cannot read INTERLOCK_DATA: ${what} at ${place}, expected ${expected}`,
    isSecret ? undefined : excerptAt(text, offset),
  );
}

/** Of two words that would close a route, it is unclear which was meant: the answer is a fault. */
function tellRepeated(repeated: readonly string[], complaints: Complaints): Fault {
  if (repeated.length === 0) return undefined;
  const guard = repeated.find((name) => isKeyName(name) && keyNamed(name).isGuard);
  complaints.warn("repeated-key", () => {
    // Any other may be a user's name, or a password.
    const known = repeated.filter(isKeyName).slice(0, MOST_NAMED).map(quote);
    const names = known.length > 0 ? known.join(", ") : "a key";
    const cost = guard === undefined
      ? "the last one counts"
      : `the route is left out, since ${quote(guard)} narrows or protects it`;
    return `INTERLOCK_DATA has ${names} more than once, expected each key once; ${cost}`;
  });
  return guard === undefined ? undefined : `INTERLOCK_DATA has ${quote(guard)} more than once`;
}

/** How an object of keys is read. */
type Manner = {
  /** Whether a value says something. */
  readonly isSaid?: (name: string, value: unknown) => boolean;
  /** Where a key stands, or an element of its list. */
  readonly sourceOf?: (name: string, at?: number) => string;
};

function saidAt(name: KeyName, value: unknown, sourceOf: Manner["sourceOf"]): Said {
  if (sourceOf === undefined) return { value, label: undefined };
  const source = sourceOf(name);
  if (!Array.isArray(value) || value.length < 2) return { value, label: undefined, source };
  const places = value.map((_, at) => sourceOf(name, at));
  // On one line, only their numbers tell them apart.
  return new Set(places).size < places.length
    ? { value, label: undefined, source }
    : { value, label: undefined, source, elements: places.map((place) => `${quote(name)} of ${place}`) };
}

/** A template engine's way to say nothing. */
const isNotNull = (_name: string, value: unknown): boolean => value !== null;

/** What one object of keys says; `source` is where it stands, for messages. */
export function sortKeys(
  source: string,
  entry: Readonly<Record<string, unknown>>,
  complaints: Complaints,
  comparisons: Comparisons,
  { isSaid = isNotNull, sourceOf }: Manner = {},
): SaidRoute {
  const keys = new Map<KeyName, Said>();
  const unknown = new UnknownWords(comparisons);
  const nested = new NestedGuards();
  let fault: Fault;
  let slip: KeyName | undefined;
  for (const name of Object.keys(entry)) {
    const value = entry[name];
    if (!isSaid(name, value)) continue;
    if (isKeyName(name)) keys.set(name, saidAt(name, value, sourceOf));
    else if (name === MERGE) fault = tellMerge(sourceOf?.(name) ?? source, complaints);
    else if (whyNotNeeded(name) !== undefined) {
      complaints.tell(
        "not-needed",
        () => `${quote(name)} of ${sourceOf?.(name) ?? source} is not needed: ${whyNotNeeded(name)}`,
      );
    } else {
      unknown.add(name, () => {
        const key = guardInWord(name) ?? nearKey(name) ?? nearGuardInWord(name);
        return key === undefined ? [] : [{ key, meant: key, route: "" }];
      });
    }
    if (!isKeyName(name) || !isReadWhole(name)) {
      const isText = typeof value === "string" || Array.isArray(value);
      // A key's own texts are read.
      const found = isKeyName(name) && isText ? undefined : nested.find(value, name);
      slip ??= found?.key;
      fault ??= tellUnread(sourceOf?.(name) ?? source, found, complaints);
    }
  }
  unknown.tell(
    complaints,
    "key",
    (word) => ` of ${(word === undefined ? undefined : sourceOf?.(word)) ?? source}`,
  );
  if (slip === undefined || slip === "enable") slip = unknown.slips(() => true).get("");
  return { source, keys, fault: fault ?? unknown.faultOf(""), closing: unknown.closing, slip };
}

/** Whether all that stands in a value of a key is read, or costs the route. */
const isReadWhole = (name: KeyName): boolean => {
  const key = keyNamed(name);
  return key.isGuard === true || ("fromPair" in key && key.fromPair !== undefined);
};

/** What narrows or protects where nothing is read costs the route. */
function tellUnread(source: string, found: NestedGuard | undefined, complaints: Complaints): Fault {
  if (found === undefined) return undefined;
  const { path, key } = found;
  const fault = `${quote(shownName(path))} of ${source} stands where no key is read`;
  complaints.warn(
    "unknown-key",
    () =>
      `${fault}, expected ${
        key === undefined ? "it" : quote(key)
      } beside the keys of its route; the route is left out, since it may protect it`,
  );
  return fault;
}

/** What YAML merges other keys with; any of those may narrow the route. */
const MERGE = "<<";

function tellMerge(source: string, complaints: Complaints): Fault {
  const fault = `${quote(MERGE)} of ${source} merges nothing`;
  complaints.warn(
    "unknown-key",
    () => `${fault}, expected its keys themselves; the route is left out, since one of them may protect it`,
  );
  return fault;
}
