import type { BackendName, Flag, RouteId } from "../values/names.ts";
import type { TableValue } from "../values/table.ts";

/** Separates the parts of a value of hosts.map (backend, flags, id); no part contains it. */
const SEPARATOR = "|";

/** The value of a route in hosts.map: `BACKEND|,FLAG,FLAG,|ID`, and `BACKEND|,|ID` without flags. */
export const routeValue = (backend: BackendName, flags: readonly Flag[], id: RouteId): TableValue =>
  `${backend}${SEPARATOR}${written(flags)}${SEPARATOR}${id}` as TableValue;

/** What stands between the backend and the id of a route without flags. */
const NO_FLAGS = `${SEPARATOR},${SEPARATOR}`;

const written = (flags: Iterable<Flag>): string => `,${[...flags].map((flag) => `${flag},`).join("")}`;

/** The backend that a value of hosts.map names: the part before the first `|`, or all of it. */
export function targetOf(value: TableValue): string {
  // This is called for each route in each pass.
  const end = value.indexOf(SEPARATOR);
  return end < 0 ? value : value.slice(0, end);
}

/** The value with another backend, such as a spare that serves in its place. */
export function ledTo(value: TableValue, section: string): TableValue {
  const target = targetOf(value);
  return target === section ? value : `${section}${value.slice(target.length)}` as TableValue;
}

/** Whether a value of hosts.map has flags; most have none, and no name in a value has a separator. */
export const hasFlags = (value: TableValue): boolean => !value.includes(NO_FLAGS);

/** The flags of a value of hosts.map, which stand between its first two `|`: `,tls,auth,`. */
export const flagsOf = (value: TableValue): ReadonlySet<Flag> =>
  new Set((value.split(SEPARATOR)[1] ?? "").split(",").filter((flag) => flag !== ""));

/** The value with other flags. */
export function withFlags(value: TableValue, flags: ReadonlySet<Flag>): TableValue {
  const [target = "", , ...rest] = value.split(SEPARATOR);
  return [target, written(flags), ...rest].join(SEPARATOR) as TableValue;
}
