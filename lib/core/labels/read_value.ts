import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";
import { type Kind, KINDS } from "../keys/key_kind.ts";
import type { RouteKey } from "../keys/route_key.ts";
import type { Complaints } from "../values/complaints.ts";
import { expected, type Parsed, parsed, quote } from "../values/notice.ts";
import type { Said } from "./said.ts";

/** Elements of one list that are read. */
const MOST_ELEMENTS = 256;

/** Reads the value of a key as its row says. What of a list is wrong is told of by itself, with the place as it is asked for. */
export function readValue(
  rule: RouteKey,
  said: Said,
  version: HaproxyVersion,
  place: () => string,
  complaints: Complaints,
): Parsed<unknown> {
  if (rule.since !== undefined && !isAtLeast(version, rule.since)) {
    return expected(`HAProxy ${rule.since.join(".")} or later for it`);
  }
  return rule.kind === "string[]"
    ? readList(rule, said.value, version, place, complaints)
    : readOne(rule.kind, rule, said, version);
}

/** A list keeps its good elements: each bad one is told of by itself. */
function readList(
  rule: RouteKey,
  value: unknown,
  version: HaproxyVersion,
  place: () => string,
  complaints: Complaints,
): Parsed<unknown[]> {
  if (!Array.isArray(value)) return expected(KINDS["string[]"].expected);
  const values: unknown[] = [];
  for (const element of value.slice(0, MOST_ELEMENTS)) {
    const result = readOne("string", rule, { value: element, label: undefined }, version);
    if (result.ok) values.push(result.value);
    else {
      const message = () => `${place()} holds ${quote(element)}, expected ${result.expected}; it is left out`;
      complaints.warn("bad-value", message);
    }
  }
  if (value.length > MOST_ELEMENTS) {
    complaints.warn(
      "too-many",
      () => `${place()} has ${value.length} elements, the first ${MOST_ELEMENTS} are used`,
    );
  }
  return parsed(values);
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
