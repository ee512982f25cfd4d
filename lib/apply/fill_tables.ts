import {
  COUNT_QUESTION,
  countRows,
  fillCommands,
  prepareCommand,
  preparedVersion,
} from "../core/runtime/map_commands.ts";
import type { Operation, TableSwap } from "../core/runtime/operation.ts";
import type { HaproxyControl } from "../ports.ts";

/**
 * Sends the rows of the tables that are swapped to a new version of each table. HAProxy looks none of them up before the
 * commit, which has its place among the operations. A version that did not arrive whole is never committed.
 */
export async function fillTables(
  haproxy: Pick<HaproxyControl, "send">,
  operations: readonly Operation[],
): Promise<{ readonly operations: readonly Operation[] } | { readonly trouble: string }> {
  const filled: Operation[] = [];
  for (const operation of operations) {
    if (operation.kind !== "swap-table") {
      filled.push(operation);
      continue;
    }
    const version = await fill(haproxy, operation);
    if (typeof version === "string") return { trouble: version };
    filled.push({ ...operation, version });
  }
  return { operations: filled };
}

/** Answers with the number of the version, or with what went wrong. */
async function fill(
  haproxy: Pick<HaproxyControl, "send">,
  { table, rows, others }: TableSwap,
): Promise<number | string> {
  const [before = "", prepared = ""] = await haproxy.send([COUNT_QUESTION, prepareCommand(table)]);
  const version = preparedVersion(prepared);
  if (version === undefined) return `"${prepareCommand(table)}" was answered with "${prepared.trim()}"`;
  const all = new Map([...others, ...rows]);
  const replies = [...await haproxy.send([...fillCommands(table, version, all), COUNT_QUESTION])];
  const after = replies.pop() ?? "";
  const refused = replies.find((reply) => reply.trim() !== "");
  if (refused !== undefined) return `rows of ${table} were answered with "${refused.trim()}"`;
  const [had, has] = [countRows(before, table), countRows(after, table)];
  // HAProxy 2.4.0 counts no rows. The confirmation after the commit reads the table on every version.
  if (had === undefined || has === undefined || has - had === all.size) return version;
  return `${has - had} of ${all.size} rows of ${table} arrived`;
}
