import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";
import { shownCheck } from "../keys/health_check.ts";
import { type Kind, KINDS } from "../keys/key_kind.ts";
import type { RouteKey } from "../keys/route_key.ts";
import type { Complaints } from "../values/complaints.ts";
import { count } from "../values/count.ts";
import { expected, type Parsed, parsed, quote } from "../values/notice.ts";
import { firstWordOf, HIDDEN, shownUrl } from "../values/secret_text.ts";
import type { Said } from "./said.ts";
import { severalOf } from "./several.ts";

/** Elements of one list that are read. */
const MOST_ELEMENTS = 256;

/** Where a value was said, or one element of several, for messages. */
type Place = (at?: number) => string;

/** A value, or what would be right; `at` is the element of a list that is wrong, of several. */
type Read<T> =
  | Extract<Parsed<T>, { ok: true }>
  | (Extract<Parsed<T>, { ok: false }> & { readonly at?: number });

/** Reads the value of a key as its row says. Each wrong element of a list is a complaint with its place. */
export function readValue(
  rule: RouteKey,
  said: Said,
  version: HaproxyVersion,
  place: Place,
  complaints: Complaints,
): Read<unknown> {
  if (rule.since !== undefined && !isAtLeast(version, rule.since)) {
    return expected(`HAProxy ${rule.since.join(".")} or later for it`);
  }
  if (rule.kind === "string[]") return readList(rule, said, version, place, complaints);
  return adviseSeveral(rule, said, said.value, version, readOne(rule.kind, rule, said, version));
}

/** Of a text that holds several values, what is expected in its place has the line for them. */
function adviseSeveral<T>(
  rule: RouteKey,
  { label }: Said,
  text: unknown,
  version: HaproxyVersion,
  read: Parsed<T>,
): Parsed<T> {
  return read.ok ? read : expected(read.expected + severalOf(rule, label, text, version));
}

type ListKey = Extract<RouteKey, { readonly kind: "string[]" }>;

/**
 * A list keeps its good elements, and each bad one is told of by itself. A list that protects is wrong as a whole where an
 * element is, where it has too many, and where it has none; one that costs the route where it has none.
 */
function readList(
  rule: ListKey,
  said: Said,
  version: HaproxyVersion,
  place: Place,
  complaints: Complaints,
): Read<unknown[]> {
  if (rule.takesOne === true && typeof said.value === "string") {
    return readList(rule, { ...said, value: [said.value] }, version, place, complaints);
  }
  const value = rule.fromPair === undefined ? said.value : listOfPairs(said.value, rule.fromPair);
  if (!Array.isArray(value)) {
    const { expected: phrase } = KINDS["string[]"];
    const whole = rule.fromPair === undefined ? phrase : `${phrase}, or an object of strings`;
    return adviseSeveral(rule, said, said.value, version, expected(whole));
  }
  const most = rule.most ?? MOST_ELEMENTS;
  if (rule.isGuard === true && (value.length === 0 || value.length > most)) {
    return expected(`a list of 1 to ${most} elements`);
  }
  const values: unknown[] = [];
  const isOne = value.length === 1;
  for (const [index, element] of value.slice(0, most).entries()) {
    const at = isOne ? undefined : index;
    const one = readOne("string", rule, { value: element, label: undefined }, version);
    const result = adviseSeveral(rule, said, element, version, one);
    if (result.ok) values.push(result.value);
    else if (at !== undefined && rule.isGuard === true) return { ...result, at };
    else if (rule.isGuard === true || (rule.costs === "route" && isOne)) return result;
    else {
      const message = () =>
        `${place(at)} is ${shownElement(rule, element)}, expected ${result.expected}; it is left out`;
      complaints.warn("bad-value", message);
    }
  }
  if (value.length > most) {
    complaints.warn(
      "too-many",
      () => `${place()} has ${value.length} elements, the first ${most} are used`,
    );
  }
  tellRemarks(rule, value, place, complaints);
  // One that decides where the route leads needs an element that does.
  return rule.costs === "route" && values.length === 0
    ? expected("an element that can be used")
    : parsed(values);
}

/** An element as a message may have it. */
export function shownElement({ isSecret, hidesValue }: RouteKey, element: unknown): string {
  if (isSecret === true) return HIDDEN;
  if (hidesValue === "all") return firstWordOf(element);
  if (hidesValue === undefined || typeof element === "boolean") return quote(element);
  if (typeof element !== "string") return HIDDEN;
  return quote(hidesValue === "query" ? shownUrl(element) : shownCheck(element));
}

/** One notice for all such elements of a list: the first of them, and how many more there are. */
function tellRemarks(
  rule: ListKey,
  elements: readonly unknown[],
  place: Place,
  complaints: Complaints,
): void {
  const { remarkOn } = rule;
  if (remarkOn === undefined) return;
  const remarks = elements.flatMap((element, at) => {
    const remark = typeof element === "string" ? remarkOn(element) : undefined;
    return remark === undefined ? [] : [{ at, element, remark }];
  });
  const [first, ...others] = remarks;
  if (first === undefined) return;
  const more = others.length === 0 ? "" : `; ${count(others.length, "other element")} likewise`;
  const at = elements.length === 1 ? undefined : first.at;
  complaints.tell(
    "translated",
    () => `${place(at)} is ${shownElement(rule, first.element)}, ${first.remark}${more}`,
  );
}

/** A list as it is, and an object as a list; anything else, and an object that holds something else than texts, is none. */
function listOfPairs(value: unknown, fromPair: NonNullable<ListKey["fromPair"]>): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const list: string[] = [];
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string" && text !== null && text !== false) return undefined;
    list.push(fromPair(name, typeof text === "string" ? text : undefined));
  }
  return list;
}

/** Reads one value of a kind: a list's elements have another kind than the list. */
function readOne(
  kind: Kind,
  rule: RouteKey,
  { value, label }: Said,
  version: HaproxyVersion,
): Parsed<unknown> {
  const { read, expected: phrase, expectedOfLabel = phrase } = KINDS[kind];
  const input = read(value);
  if (input === undefined) return expected(label === undefined ? phrase : expectedOfLabel);
  return rule.parse === undefined ? parsed(input) : rule.parse(input as never, version);
}
