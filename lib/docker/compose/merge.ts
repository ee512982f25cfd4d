import { quote } from "../../core/values/notice.ts";
import { ComposeMistake, isList, isMap, type Placed, type PlacedMap, textOf } from "./placed.ts";
import { portKeyOf } from "./ports.ts";

/** How a part of a service is made ready before it meets the same part of an earlier file. */
type Form = (placed: Placed, what: string) => Placed;

/** The parts of a service that files may write in more than one form, or that meet in a way of their own (compose-spec, merging). */
const FORMS: Readonly<Record<string, Form>> = {
  environment: namedPairs,
  labels: namedPairs,
  "deploy.labels": namedPairs,
  networks: namesAlone,
  env_file: oneAsList,
  label_file: oneAsList,
  extends: (placed) => placed,
};

/** What the later file replaces as a whole. */
const REPLACED = new Set(["command", "entrypoint", "healthcheck.test", "extends"]);

/** A service with its parts in the one form that all readers behind it expect. */
export function normalService(service: PlacedMap): PlacedMap {
  return new Map([...service].map(([name, part]) => [name, normal(part, name)]));
}

function normal(part: Placed, path: string): Placed {
  const form = FORMS[path];
  if (form !== undefined && part.value !== null) return form(part, path);
  if (path !== "deploy" || !isMap(part.value)) return part;
  const value = new Map([...part.value].map(([name, inner]) => [name, normal(inner, `deploy.${name}`)]));
  return { ...part, value };
}

/** Merges a later file's service into an earlier one's; both are normal. */
export const mergeServices = (base: PlacedMap, over: PlacedMap): PlacedMap => mergeMaps(base, over, "");

/** Merges two objects name by name; `path` is where they stand within a service, "" for one itself. */
export function mergeMaps(base: PlacedMap, over: PlacedMap, path: string): PlacedMap {
  const merged = new Map(base);
  for (const [name, value] of over) {
    if (value.tag === "reset") {
      merged.delete(name);
      continue;
    }
    const before = base.get(name);
    merged.set(
      name,
      before === undefined ? value : merge(before, value, path === "" ? name : `${path}.${name}`),
    );
  }
  return merged;
}

function merge(base: Placed, over: Placed, path: string): Placed {
  if (over.tag === "override" || REPLACED.has(path) || base.value === null) return over;
  if (over.value === null) return path.includes(".") ? over : base;
  if (isMap(base.value) && isMap(over.value)) {
    return { at: over.at, value: mergeMaps(base.value, over.value, path) };
  }
  if (!isList(base.value) || !isList(over.value)) return over;
  if (path === "ports") return { at: over.at, value: mergeBy(portKeyOf, base.value, over.value) };
  if (path === "expose") {
    return {
      at: over.at,
      value: mergeBy((each) => textOf(each), base.value, over.value),
    };
  }
  return { at: over.at, value: [...base.value, ...over.value] };
}

/** Elements with a key are there once: the later one counts. */
function mergeBy(
  keyOf: (element: Placed) => string | undefined,
  base: readonly Placed[],
  over: readonly Placed[],
): readonly Placed[] {
  const merged = new Map<string | Placed, Placed>();
  for (const element of [...base, ...over]) merged.set(keyOf(element) ?? element, element);
  return [...merged.values()];
}

/** Takes tags off, which count where files meet alone; what is to be reset is not there. */
export function withoutTags(placed: Placed): Placed {
  const { at, value } = placed;
  if (isMap(value)) {
    const kept = [...value].filter(([, each]) => each.tag !== "reset");
    return { at, value: new Map(kept.map(([name, each]) => [name, withoutTags(each)])) };
  }
  return { at, value: isList(value) ? value.filter(({ tag }) => tag !== "reset").map(withoutTags) : value };
}

/** A list of `NAME=VALUE` as an object; a name alone has no value. */
function namedPairs(placed: Placed, what: string): Placed {
  if (isMap(placed.value)) return placed;
  if (!isList(placed.value)) {
    throw new ComposeMistake(
      placed.at,
      `${what} is neither a list nor an object, expected NAME: VALUE lines`,
    );
  }
  const value = new Map<string, Placed>();
  for (const element of placed.value) {
    const text = textOf(element);
    if (text === undefined) {
      throw new ComposeMistake(element.at, `an element of ${what} is no text, expected NAME=VALUE`);
    }
    const sign = text.indexOf("=");
    const name = sign < 0 ? text : text.slice(0, sign);
    value.set(name, { at: element.at, value: sign < 0 ? null : text.slice(sign + 1) });
  }
  return { ...placed, value };
}

function namesAlone(placed: Placed, what: string): Placed {
  if (isMap(placed.value)) return placed;
  if (!isList(placed.value)) {
    throw new ComposeMistake(placed.at, `${what} is neither a list nor an object, expected a list of names`);
  }
  const value = new Map<string, Placed>();
  for (const element of placed.value) {
    const name = textOf(element);
    if (name === undefined) {
      throw new ComposeMistake(
        element.at,
        `an element of ${what} is ${quote(element.value)}, expected a name`,
      );
    }
    value.set(name, { at: element.at, value: null });
  }
  return { ...placed, value };
}

function oneAsList(placed: Placed): Placed {
  return isList(placed.value) ? placed : { ...placed, value: [{ at: placed.at, value: placed.value }] };
}
