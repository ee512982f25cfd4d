import type { PathPrefix, RouteId } from "../values/names.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** How many segments a prefix may have that the frontend takes off without a rule of its own for them. */
export const STRIPPED_SEGMENTS = 6;

/** How many segments a path prefix has: `/app/v1` has two. */
export const segmentsOf = (prefix: PathPrefix): number => prefix.split("/").length - 1;

/** The rows of a prefix that is taken off: the prefix, and the number of its segments, by which HAProxy finds its end. */
export function stripRows(prefix: PathPrefix, route: RouteId): readonly RouteRow[] {
  return [rowOf(route, "prefix", prefix), rowOf(route, "segments", `${segmentsOf(prefix)}`)];
}
