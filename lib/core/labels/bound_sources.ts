import { rowsOfSources } from "../keys/access.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { Complaints } from "../values/complaints.ts";

/** Rows of addresses of one container: every pass goes through all rows, so that they cost all others time. */
const MOST_ROWS = 1_024;

/**
 * Leaves out the routes whose `allow_from` and `deny_from` have no room any more among the rows of their container. With fewer
 * rows they would be open to some whom they refuse.
 */
export function boundSources(routes: RouteData[], complaints: Complaints): void {
  let wanted = 0;
  let left = 0;
  for (const [at, route] of routes.entries()) {
    const { allow_from = [], deny_from = [] } = route;
    const rows = rowsOfSources([...allow_from, ...deny_from]);
    wanted += rows;
    if (rows === 0 || wanted <= MOST_ROWS) continue;
    left++;
    const fault = `allow_from and deny_from of the container need more than ${MOST_ROWS} rows in HAProxy`;
    routes[at] = { ...route, fault: route.fault ?? fault, isUnclear: true };
  }
  if (left === 0) return;
  complaints.warn(
    "too-many",
    () =>
      `allow_from and deny_from need ${wanted} rows in HAProxy, at most ${MOST_ROWS} have room: the routes beyond are left out ` +
      `(a network of 8, 12, 16 … bits is one row, one between them up to eight)`,
  );
}
