import type { BackendName } from "../values/names.ts";
import type { TableKey, TableValue } from "../values/table.ts";
import type { Route } from "./model.ts";

/** A row that names no variant: no key of hosts.map begins with it. */
const NO_VARIANT = "-" as TableValue;

/**
 * Rows for routes that have variants below them and none at their own place. Rows are found by the backend and the nearest place
 * that has one: where another host or a shorter path of the same backend has variants, these would take requests that are the
 * route's. `above` has the places that a route is below, and is, the nearest first.
 */
export function bareRows(
  parents: Iterable<Route>,
  rows: ReadonlyMap<TableKey, TableValue>,
  keyOf: (route: Route, place: TableKey) => TableKey,
  above: (route: Route) => readonly TableKey[],
): ReadonlyMap<TableKey, TableValue> {
  const bare = new Map<TableKey, TableValue>();
  const seen = new Set<Route>();
  const several = new Set<BackendName>();
  const firsts = new Map<BackendName, Route>();
  for (const route of parents) {
    const first = firsts.get(route.backend);
    if (first === undefined) firsts.set(route.backend, route);
    else if (first !== route) several.add(route.backend);
    seen.add(route);
  }
  for (const route of seen) {
    const key = keyOf(route, route.key);
    if (route.isOnly === true || !several.has(route.backend) || rows.has(key)) continue;
    if (above(route).some((place) => rows.has(keyOf(route, place)))) bare.set(key, NO_VARIANT);
  }
  return bare;
}
