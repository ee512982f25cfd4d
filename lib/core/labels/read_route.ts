import type { HaproxyVersion } from "../keys/backend_option.ts";
import { Complaints } from "../values/complaints.ts";
import { readBoolean } from "../keys/key_kind.ts";
import { quote } from "../values/notice.ts";
import { HIDDEN } from "../values/secret_text.ts";
import type { KeyValues, RouteData } from "../keys/route_data.ts";
import { KEY_NAMES, type KeyName, keyNamed, protectsRoute } from "../keys/route_keys.ts";
import type { RouteKey } from "../keys/route_key.ts";
import { readValue, shownElement } from "./read_value.ts";
import { placeOf, placeOfElement, type SaidRoute } from "./said.ts";
import { readStreamKeys } from "./stream_keys.ts";

/** Reads what was said of one route; a route that is left out gives no complaints. */
export function readRoute(said: SaidRoute, version: HaproxyVersion, complaints: Complaints): RouteData {
  const isOff = readBoolean(said.keys.get("enable")?.value) === false;
  if (!isOff) return readKeys(said, version, complaints);
  return { ...readKeys(said, version, new Complaints()), off: `${placeIn(said, "enable")} is false` };
}

function readKeys(said: SaidRoute, version: HaproxyVersion, complaints: Complaints): RouteData {
  const { source, keys } = said;
  const data: Record<string, unknown> = {};
  let { fault } = said;
  let isUnclear = fault !== undefined && (said.slip === undefined || protectsRoute(said.slip));
  let isPlaceUnknown = fault !== undefined && said.isOfAll !== true &&
    (said.slip === undefined || keyNamed(said.slip).scope === "place");
  let mayBeTlsOnly = false;
  let labels: Record<string, string> | undefined;
  for (const [name, each] of keys) {
    const { value, label } = each;
    // What a compose file leaves of a variable that is not set says nothing.
    if (value === "" && (name === "hostname" || name === "domain")) continue;
    const rule = keyNamed(name);
    const place = (at?: number) =>
      at === undefined ? placeOf(name, each, source) : placeOfElement(name, each, source, at);
    const result = readValue(rule, each, version, place, complaints);
    if (result.ok) {
      data[name] = result.value;
      if (label !== undefined) (labels ??= {})[name] = label;
      continue;
    }
    if (rule.costs === "route") fault ??= `${place()} cannot be used`;
    isUnclear ||= protectsRoute(name);
    mayBeTlsOnly ||= name === "ssl_only";
    isPlaceUnknown ||= rule.scope === "place";
    complaints.warn(
      "bad-value",
      () =>
        `${place(result.at)} is ${
          value === null
            ? "empty"
            : isHidden(rule, value)
            ? HIDDEN
            : shownElement(rule, elementAt(value, result.at))
        }, expected ${result.expected}; the ${rule.costs} is left out`,
    );
  }
  const beside = tellNeeded(said, data, complaints) ?? tellClash(said, data, complaints);
  const streams = readStreamKeys(data, (name) => placeIn(said, name), complaints);
  for (const name of streams.needless) delete data[name];
  fault ??= beside ?? streams.fault;
  isUnclear ||= beside !== undefined || streams.fault !== undefined;
  return {
    source,
    isExplicit: keys.size > 0,
    off: undefined,
    ...labels !== undefined && { labels },
    ...data,
    fault,
    ...isUnclear && { isUnclear },
    ...isPlaceUnknown && { isPlaceUnknown },
    ...mayBeTlsOnly && { mayBeTlsOnly },
  };
}

/** A list or an object where a text of `basic_auth_realm` or the like is expected was meant for its neighbour. */
const isHidden = ({ isSecret, kind, needs }: RouteKey, value: unknown): boolean =>
  isSecret === true ||
  (kind === "string" && typeof value === "object" && needs !== undefined &&
    keyNamed(needs.key as KeyName).isSecret === true);

/** The element of a list that is wrong; the only one of a list, and any other value as it is. */
function elementAt(value: unknown, at: number | undefined): unknown {
  if (!Array.isArray(value)) return value;
  return at === undefined && value.length !== 1 ? value : value[at ?? 0];
}

const placeIn = ({ keys, source }: SaidRoute, name: KeyName): string => placeOf(name, keys.get(name), source);

/** Keys without the one that they need; answers with the fault where that leaves open what was to be protected. */
function tellNeeded(said: SaidRoute, data: KeyValues, complaints: Complaints): string | undefined {
  let fault: string | undefined;
  for (const [name, { key, isOpenWithout }] of NEEDS) {
    const value = data[name];
    if (value === undefined || value === false || data[key as KeyName]) continue;
    const isOpen = isOpenWithout?.(value as never) === true;
    const cost = isOpen ? "; the route is left out" : "";
    if (isOpen) fault = `${placeIn(said, name)} has no effect`;
    complaints.warn(
      "no-effect",
      () => `${placeIn(said, name)} has no effect, expected ${key} beside it${cost}`,
    );
  }
  return fault;
}

/** Two keys that must not stand beside each other; answers with the fault. */
function tellClash(said: SaidRoute, data: KeyValues, complaints: Complaints): string | undefined {
  for (const [name, { key, isClash, with: value }] of CLASHES) {
    if (data[name] === undefined || data[name] === false || !isClash(data[key as KeyName])) continue;
    const place = placeIn(said, name);
    complaints.warn(
      "bad-value",
      () => `${place} stands beside ${quote(value)} in ${key}, expected one of them; the route is left out`,
    );
    return `${place} cannot be used`;
  }
  return undefined;
}

const CLASHES = KEY_NAMES.flatMap((name) => {
  const { clash } = keyNamed(name);
  return clash === undefined ? [] : [[name, clash] as const];
});

const NEEDS = KEY_NAMES.flatMap((name) => {
  const { needs } = keyNamed(name);
  return needs === undefined ? [] : [[name, needs] as const];
});
