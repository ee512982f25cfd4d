import type { HaproxyVersion } from "../keys/backend_option.ts";
import { Complaints } from "../values/complaints.ts";
import { readBoolean } from "../keys/label_value.ts";
import { expected, type Parsed, parsed, quote } from "../values/notice.ts";
import type { RouteData } from "../keys/route_data.ts";
import { type KeyName, type Kind, NEEDED_KEYS, ROUTE_KEYS, type RouteKey } from "../keys/route_keys.ts";
import { placeOf, type Said, type SaidRoute } from "./said.ts";

/** Elements of one list that are read. */
const MOST_ELEMENTS = 256;

/** Reads what was said of one route; nobody is scolded for what is left out. */
export function readRoute(said: SaidRoute, version: HaproxyVersion, complaints: Complaints): RouteData {
  const isOff = readBoolean(said.keys.get("enable")?.value) === false;
  if (!isOff) return readKeys(said, version, complaints);
  return { ...readKeys(said, version, new Complaints()), off: `${placeIn(said, "enable")} is false` };
}

function readKeys(said: SaidRoute, version: HaproxyVersion, complaints: Complaints): RouteData {
  const { source, keys } = said;
  const data: Record<string, unknown> = {};
  let { fault } = said;
  for (const [name, { value, label }] of keys) {
    // What a compose file leaves of a variable that is not set says nothing.
    if (value === "" && (name === "hostname" || name === "domain")) continue;
    const rule: RouteKey = ROUTE_KEYS[name];
    const place = () => placeOf(name, label, source);
    const result = rule.kind === "string[]"
      ? readList(rule, value, version, place, complaints)
      : readOne(rule.kind, rule, { value, label }, version);
    if (result.ok) {
      data[name] = result.value;
      continue;
    }
    if (rule.costs === "route") fault ??= `${place()} cannot be used`;
    complaints.warn(
      "bad-value",
      () => `${place()} is ${quote(value)}, expected ${result.expected}; the ${rule.costs} is left out`,
    );
  }
  return {
    source,
    isExplicit: keys.size > 0,
    off: undefined,
    ...data,
    fault: fault ?? tellNeeded(said, data, complaints),
  };
}

const placeIn = ({ keys, source }: SaidRoute, name: KeyName): string =>
  placeOf(name, keys.get(name)?.label, source);

/** Keys without the one that they need; answers with the fault where that leaves open what was to be protected. */
function tellNeeded(said: SaidRoute, data: Partial<RouteData>, complaints: Complaints): string | undefined {
  let fault: string | undefined;
  for (const [name, needed] of NEEDED_KEYS) {
    if (data[name] === undefined || data[name] === false || data[needed]) continue;
    const isOpen = data[name] === "required";
    const cost = isOpen ? "; the route is left out" : "";
    if (isOpen) fault = `${placeIn(said, name)} has no effect`;
    complaints.warn(
      "no-effect",
      () => `${placeIn(said, name)} has no effect, expected ${needed} beside it${cost}`,
    );
  }
  return fault;
}

/** A list keeps its good elements: each bad one is told of by itself. */
function readList(
  rule: RouteKey,
  value: unknown,
  version: HaproxyVersion,
  place: () => string,
  complaints: Complaints,
): Parsed<unknown[]> {
  if (!Array.isArray(value)) return expected("a list of strings");
  const values: unknown[] = [];
  for (const element of value.slice(0, MOST_ELEMENTS)) {
    const result = readOne("string", rule, { value: element, label: undefined }, version);
    if (result.ok) values.push(result.value);
    else {complaints.warn(
        "bad-value",
        () => `${place()} holds ${quote(element)}, expected ${result.expected}; it is left out`,
      );}
  }
  if (value.length > MOST_ELEMENTS) {
    complaints.warn(
      "too-many",
      () => `${place()} has ${value.length} elements, the first ${MOST_ELEMENTS} are used`,
    );
  }
  return parsed(values);
}

const EXPECTED_KIND: Readonly<Record<Kind, string>> = {
  "string": "a string",
  "string[]": "a list of strings",
  "integer": "a whole number",
  "boolean": "true or false",
};

/** Reads one value of a kind: a list's elements have another kind than the list. */
function readOne(
  kind: Kind,
  rule: RouteKey,
  { value, label }: Said,
  version: HaproxyVersion,
): Parsed<unknown> {
  if (kind === "boolean") {
    const truth = readBoolean(value);
    if (truth !== undefined) return parsed(truth);
    return expected(label === undefined ? EXPECTED_KIND[kind] : "true or false (or yes, no, on, off, 1, 0)");
  }
  const isRight = kind === "integer" ? Number.isInteger(value) : typeof value === "string";
  // A port says its range by itself, which is better advice than its type.
  if (!isRight && rule.parse !== ROUTE_KEYS.port.parse) return expected(EXPECTED_KIND[kind]);
  return rule.parse(value as never, version);
}
