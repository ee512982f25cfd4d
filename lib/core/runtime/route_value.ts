import type { BackendName } from "../values/names.ts";
import type { TableValue } from "../values/table.ts";

/** What ends the backend in a value of hosts.map; no name of a backend has it. */
const SEPARATOR = "|";

/** The value of a route in hosts.map. */
export const routeValue = (backend: BackendName): TableValue => `${backend}` as TableValue;

/** The backend that a value of hosts.map names: all of it, or what stands before the first `|`. */
export function targetOf(value: TableValue): string {
  // Asked of each route in each pass.
  const end = value.indexOf(SEPARATOR);
  return end < 0 ? value : value.slice(0, end);
}

/** The value with another backend, such as the spare that stands for the one that it names. */
export function ledTo(value: TableValue, section: string): TableValue {
  const target = targetOf(value);
  return target === section ? value : `${section}${value.slice(target.length)}` as TableValue;
}

/** The flags of a value of hosts.map, which stand between its first two `|`: `,tls,auth,`. */
export const flagsOf = (value: TableValue): ReadonlySet<string> =>
  new Set((value.split(SEPARATOR)[1] ?? "").split(",").filter((flag) => flag !== ""));

/** The value with other flags. */
export function withFlags(value: TableValue, flags: ReadonlySet<string>): TableValue {
  const [target = "", , ...rest] = value.split(SEPARATOR);
  return [target, `,${[...flags, ""].join(",")}`, ...rest].join(SEPARATOR) as TableValue;
}
