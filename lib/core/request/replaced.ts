import type { Table } from "../values/table.ts";

/** The value of the first row whose expression matches, with the groups that it names (`map_regm`). */
export function firstReplaced(table: Table, text: string): string | undefined {
  for (const [expression, value] of table) {
    const match = new RegExp(expression).exec(text);
    if (match === null) continue;
    return value.replace(/\\([0-9])/g, (_, group: string) => match[Number(group)] ?? "");
  }
  return undefined;
}
