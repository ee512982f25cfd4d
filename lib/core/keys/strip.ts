import type { PathPrefix, RouteId } from "../values/names.ts";
import { PREFIXES_MAP } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** How many segments of a path each rule of the frontend takes off: together as many as a prefix of 200 characters may have. */
export const STRIP_STEPS: readonly number[] = [64, 32, 16, 8, 4, 2, 1];

/** How many segments a path prefix has: `/app/v1` has two. */
export const segmentsOf = (prefix: PathPrefix): number => prefix.split("/").length - 1;

/** What stands in place of the prefixes of a route, which are its own and the empty one where it has none. */
export type PrefixTarget = { readonly prefixes: readonly PathPrefix[]; readonly target: PathPrefix };

/** The rows of prefixes that are taken off. */
export const stripRows = (prefixes: readonly PathPrefix[], route: RouteId): readonly RouteRow[] =>
  targetRows({ prefixes, target: "" as PathPrefix }, route);

/** The rows of prefixes that another path takes the place of: prefix, the number of its segments, and that path. */
export const targetRows = ({ prefixes, target }: PrefixTarget, route: RouteId): readonly RouteRow[] =>
  prefixes.map((prefix) =>
    rowOf(route, `${prefix}/`, `${prefix}|${segmentsOf(prefix)}|${target}`, PREFIXES_MAP)
  );
