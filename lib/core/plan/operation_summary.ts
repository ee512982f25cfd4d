import type { Operation } from "../runtime/operation.ts";

/** Subjects that a line of the log has room for. */
const MOST_SUBJECTS = 8;

/** Operations for a line of the log: how many of each kind, and the servers, rows, tables and sections that they were for. */
export function summarize(
  operations: readonly Operation[],
): { readonly operations: string; readonly of: readonly string[] } {
  const counts = new Map<string, number>();
  for (const { kind } of operations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const subjects = operations.map((each) =>
    "server" in each
      ? each.server
      : "key" in each
      ? each.key
      : "table" in each
      ? each.table
      : "file" in each
      ? each.file
      : each.section
  );
  return {
    operations: [...counts].map(([kind, count]) => `${kind} ${count}`).join(", "),
    of: [...new Set(subjects)].slice(0, MOST_SUBJECTS),
  };
}
