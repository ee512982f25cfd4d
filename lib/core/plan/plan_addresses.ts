import type { Table, TableKey, TableValue } from "../values/table.ts";

/** Rows that come or get another value, and rows that go, in the order of the commands. */
type Steps = { readonly put: ReadonlyMap<TableKey, TableValue>; readonly gone: ReadonlySet<TableKey> };

/** How much a value refuses: `never` also an IPv6 address with the IPv4 one in it; every other value lets in. */
const REFUSALS: readonly string[] = ["deny", "never"];

/**
 * The rows of addresses that change, in two steps. Of the rows that an address begins with, the longest counts, so that one
 * row decides for many addresses. After the first step, and at no moment sooner or later, an address is let in that the old
 * rows or the new ones refuse, neither by itself nor by the IPv4 address in it: those who come only now meet no server that is still closed to them, and those who have to
 * go meet none that is closed to them already. An address that both let in is let in throughout.
 */
export function stepAddresses(
  before: Table,
  wanted: Table,
  { put, gone }: Steps,
): readonly [narrow: Steps, widen: Steps] {
  const changed = [...put.keys(), ...gone].sort((a, b) => b.length - a.length);
  const narrowed = new Map<TableKey, TableValue>();
  const values = changed.map((key) => ({ key, was: valueOf(before, key), will: valueOf(wanted, key) }));
  // A row that refuses more would do so to those below it that have none of their own.
  const areRaised = values.some(({ was, will }) => strength(was) === 1 && strength(will) > 1);
  for (const { key, was, will } of values) {
    const keeps = strength(was) > 0 && strength(was) >= strength(will);
    if (keeps && !before.has(key) && !areRaised) continue;
    const value = keeps || will === undefined ? was : will;
    if (value !== undefined && before.get(key) !== value) narrowed.set(key, value);
  }
  const widened = [...put].filter(([key, value]) => (narrowed.get(key) ?? before.get(key)) !== value);
  return [{ put: narrowed, gone: new Set() }, {
    put: new Map(widened.sort(([a], [b]) => b.length - a.length)),
    // The shorter ones go first: what is left of the old rows decides as long as one of them is there.
    gone: new Set([...gone].sort((a, b) => a.length - b.length)),
  }];
}

const strength = (value: TableValue | undefined): number => REFUSALS.indexOf(value ?? "") + 1;

/** The value of the longest row that a key begins with, itself among them; the route's id is the shortest. */
function valueOf(table: Table, key: TableKey): TableValue | undefined {
  for (let length = key.length; length > 0 && key[length - 1] !== "|"; length--) {
    const value = table.get(key.slice(0, length) as TableKey);
    if (value !== undefined) return value;
  }
  return table.get(key.slice(0, key.lastIndexOf("|") + 1) as TableKey);
}
