import type { Complaints } from "../values/complaints.ts";
import { readBoolean } from "../keys/key_kind.ts";
import { nearestWord } from "../values/nearest_word.ts";
import { quote } from "../values/notice.ts";
import { type KeyName, keyNamed, ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Fault } from "../keys/route_data.ts";
import type { LabelPrefix } from "./label_parts.ts";
import type { Said, SaidRoute } from "./said.ts";

type Routes = ReadonlyMap<string, ReadonlyMap<KeyName, Said>>;

/** Keys that give a route a place of its own. */
const PLACES: readonly KeyName[] = ["hostname", "domain", "port", "context_root"];

/**
 * Routes whose name is nearly that of another one which narrows or protects a route and has no host, port or path:
 * `interlock.admn.ssl_only` beside `interlock.admin.hostname`. It is probably meant for them, so that each has a fault.
 */
export function findStrayNames(
  routes: Routes,
  prefix: LabelPrefix,
  complaints: Complaints,
): ReadonlyMap<string, Fault> {
  const faults = new Map<string, Fault>();
  if (routes.size < 2) return faults;
  const names = [...routes.keys()];
  for (const [name, keys] of routes) {
    const guard = [...keys.keys()].find((key) => keyNamed(key).isGuard);
    if (guard === undefined || keys.has("hostname") || keys.has("domain")) continue;
    const meant = nearestWord(name, names.filter((other) => other !== name));
    const isSame = meant?.toLowerCase() === name.toLowerCase();
    if (meant === undefined || (!isSame && PLACES.some((key) => keys.has(key)))) continue;
    const label = quote(`${prefix}${name}.${ROUTE_KEYS[guard].label}`);
    const fault = `label ${label} may be meant for the route ${quote(meant)}`;
    faults.set(meant, fault);
    complaints.warn(
      "unknown-key",
      () => `${fault}, since no host is named for ${quote(name)}; the route ${quote(meant)} is left out`,
    );
  }
  return faults;
}

/** Keys that say which hosts and paths a route is about, or which port. */
const HOSTS: readonly KeyName[] = [
  ...["hostname", "domain", "hosts", "alias_domains", "host_regex", "default_host", "context_root"] as const,
  ...["protocol", "listen_port", "ssl_passthrough"] as const,
];

/**
 * A route with a name that only protects, and says nothing of a host, a port or a path, beside one that names its host:
 * `interlock.api.allow_from` beside `interlock.hostname`. It would protect nothing, and whoever wrote it meant to protect
 * something. So does one object of several in INTERLOCK_DATA. Answers with the fault of all of the container's routes.
 */
export function findStrayGuard(
  routes: readonly SaidRoute[],
  prefix: LabelPrefix,
  complaints: Complaints,
): Fault {
  const names = routes.flatMap(({ name }) => name ?? []);
  const isList = routes.filter(({ name }) => name === undefined).length > 1;
  const stray = routes.find((route) =>
    (route.name !== undefined || isList) && guardAlone(route) !== undefined && !isNearAnother(route, names)
  );
  if (
    stray === undefined ||
    !routes.some((route) => route !== stray && HOSTS.some((key) => route.keys.has(key)))
  ) {
    return undefined;
  }
  const { name } = stray;
  if (name === undefined) return tellStrayObject(stray, complaints);
  const key = ROUTE_KEYS[guardAlone(stray) ?? "enable"].label;
  const fault = `label ${quote(`${prefix}${name}.${key}`)} protects the route ${
    quote(name)
  }, which names no host`;
  complaints.warn(
    "unknown-key",
    () =>
      `${fault}: expected ${quote(`${prefix}${key}`)} for the container's own route, or ${
        quote(`${prefix}${name}.hostname`)
      } beside it; all routes of the container are left out`,
  );
  return fault;
}

/** The same of one object of several in INTERLOCK_DATA. */
function tellStrayObject(stray: SaidRoute, complaints: Complaints): Fault {
  const fault = `${quote(guardAlone(stray))} of ${stray.source} protects a route that names no host`;
  complaints.warn(
    "unknown-key",
    () =>
      `${fault}: expected it in each object that it protects, or "hostname" beside it; all routes of the container are left out`,
  );
  return fault;
}

/** The first key that protects, or as which a word may be meant, of a route that has no place. */
function guardAlone({ keys, slip }: SaidRoute): KeyName | undefined {
  if (readBoolean(keys.get("enable")?.value) === false) return undefined;
  const said = [...keys.keys()].filter((key) => key !== "enable");
  if (said.some((key) => keyNamed(key).scope === "place")) return undefined;
  return said.find((key) => keyNamed(key).isGuard) ?? (slip === "enable" ? undefined : slip);
}

/** Then that one is left out already. */
const isNearAnother = ({ name = "" }: SaidRoute, names: readonly string[]): boolean =>
  nearestWord(name, names.filter((other) => other !== name)) !== undefined;
