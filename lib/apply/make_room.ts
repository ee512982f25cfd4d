import { noteOperation, type Running } from "../core/state/running.ts";
import { type ReloadReason, reloadReasonText } from "../core/plan/reload_reason.ts";
import { type Operation, runtimeCommands, takeReplies } from "../core/runtime/operation.ts";
import type { HaproxyControl } from "../ports.ts";

/** How commands went; `reason` where connections stand against them, and HAProxy is as it was believed to be. */
export type Executed = {
  readonly trouble: string | undefined;
  readonly reason?: ReloadReason;
  /** All of them wait, as before. */
  readonly isWaiting: boolean;
};

/** The deletes of a plan after which servers of the same names are added, and everything else in its order. */
export function splitRoom(
  operations: readonly Operation[],
): { readonly room: readonly Operation[]; readonly rest: readonly Operation[] } {
  const added = new Set(operations.flatMap((each) => each.kind === "add-server" ? [keyOf(each)] : []));
  const isRoom = (each: Operation) => each.kind === "delete-server" && added.has(keyOf(each));
  return { room: operations.filter(isRoom), rest: operations.filter((each) => !isRoom(each)) };
}

const keyOf = ({ section, server }: { readonly section: string; readonly server: string }): string =>
  `${section}/${server}`;

/**
 * Deletes the servers that others take the place of, before anything else is said; answers with what stands against it, if
 * anything does: where connections still hang on one, a reload has to replace it.
 */
export async function makeRoom(
  haproxy: Pick<HaproxyControl, "send">,
  running: Running,
  room: readonly Operation[],
): Promise<Executed | undefined> {
  if (room.length === 0) return undefined;
  const replies = [...await haproxy.send(room.flatMap(runtimeCommands))];
  let reason: ReloadReason | undefined;
  for (const { operation, reply, said } of takeReplies(room, replies)) {
    if (reply === "diverged") return { trouble: said, isWaiting: false };
    noteOperation(running, operation, reply === "done");
    if (reply === "later" && operation.kind === "delete-server") {
      reason ??= { kind: "live-server", server: operation.server };
    }
  }
  return reason && { trouble: reloadReasonText(reason), reason, isWaiting: false };
}
