import type { Complaints } from "../values/complaints.ts";
import { nearestWord } from "../values/nearest_word.ts";
import { quote } from "../values/notice.ts";
import { type KeyName, keyNamed, ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Fault } from "../keys/route_data.ts";
import type { LabelPrefix } from "./label_parts.ts";
import type { Said } from "./said.ts";

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
