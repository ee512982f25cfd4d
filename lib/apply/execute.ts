import { confirmationOf, findStrange } from "../core/state/confirmation.ts";
import { isOnlyWaiting, type Running } from "../core/state/running.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import type { Desired } from "../core/config/render.ts";
import { type Operation, runtimeCommands, takeReplies } from "../core/runtime/operation.ts";
import { HOSTS_MAP } from "../core/values/table.ts";
import type { Believed } from "./believed.ts";
import { fillTables } from "./fill_tables.ts";
import type { SavedFiles } from "./saved_files.ts";
import type { Clock, HaproxyControl } from "../ports.ts";

/** How operations went. Where a reload has to follow, `reason` says why. */
export type Executed =
  | {
    readonly kind: "done";
    /** All of them only repeated deletes of servers and backends that still wait for their last connections. */
    readonly isWaiting: boolean;
  }
  | { readonly kind: "failed"; readonly reason: ReloadReason };

/** What an Executor is made of. */
export type ExecutorParts = {
  readonly haproxy: Pick<HaproxyControl, "send">;
  readonly clock: Clock;
  readonly believed: Believed;
  readonly saved: SavedFiles;
};

const diverged = (detail: string): Executed => ({ kind: "failed", reason: { kind: "diverged", detail } });

/** Sends operations to HAProxy, and in the same batch the questions that confirm them. */
export class Executor {
  /** When HAProxy last answered, in milliseconds of the clock. */
  answeredAt = 0;

  constructor(readonly parts: ExecutorParts) {}

  /** Does the operations, in their order. Throws when HAProxy cannot be reached. */
  async execute(planned: readonly Operation[], desired: Desired): Promise<Executed> {
    const { haproxy, clock, believed, saved } = this.parts;
    const { running } = believed;
    if (running === undefined) return diverged("nothing is loaded");
    const { room, rest } = splitRoom(planned);
    const obstacle = room.length === 0 ? undefined : await this.#makeRoom(room, running);
    if (obstacle !== undefined) return { kind: "failed", reason: obstacle };
    const filled = await fillTables(haproxy, rest);
    if ("trouble" in filled) return diverged(filled.trouble);
    const { operations } = filled;
    const wasWaiting = isOnlyWaiting(operations, running);
    const { version } = believed;
    const questions = confirmationOf(operations);
    const { first, last } = splitGone(operations);
    const looks = questions.map(({ command }) => command);
    const replies = [
      ...first.length === 0 ? [] : await haproxy.send(first.flatMap(runtimeCommands)),
      ...await haproxy.send([...last.flatMap(runtimeCommands), ...looks]),
    ];
    this.answeredAt = clock.now();
    if (operations.some(({ kind }) => kind === "set-state")) saved.outdate();
    const isQuiet = believed.isUnchangedSince(version);
    for (const { operation, reply, said } of takeReplies(operations, replies)) {
      if (reply === "diverged") return diverged(said);
      this.#did(running, operation, reply === "done");
    }
    if (believed.running !== running) return { kind: "done", isWaiting: false };
    believed.bound(desired, operations);
    const strange = findStrange(questions, replies, running);
    // A drain meanwhile may explain the difference. The next audit compares again.
    if (strange !== undefined && isQuiet) return diverged(strange);
    return { kind: "done", isWaiting: wasWaiting && isOnlyWaiting(operations, running) };
  }

  /**
   * Deletes servers whose names are needed for new ones, before all other operations. Where one still has connections, a
   * reload has to replace it, for the reason that this answers with.
   */
  async #makeRoom(room: readonly Operation[], running: Running): Promise<ReloadReason | undefined> {
    const replies = [...await this.parts.haproxy.send(room.flatMap(runtimeCommands))];
    let reason: ReloadReason | undefined;
    for (const { operation, reply, said } of takeReplies(room, replies)) {
      if (reply === "diverged") return { kind: "diverged", detail: said };
      this.#did(running, operation, reply === "done");
      if (reply === "later" && operation.kind === "delete-server") {
        reason ??= { kind: "live-server", server: operation.server };
      }
    }
    return reason;
  }

  /** Notes an operation, unless another worker serves since, which has only its files. */
  #did(running: Running, operation: Operation, isDone: boolean): void {
    const { believed } = this.parts;
    if (believed.running === running) believed.did(operation, isDone);
  }
}

/** The deletes of a plan after which servers of the same names are added, and everything else in its order. */
function splitRoom(
  operations: readonly Operation[],
): { readonly room: readonly Operation[]; readonly rest: readonly Operation[] } {
  const added = new Set(operations.flatMap((each) => each.kind === "add-server" ? [keyOf(each)] : []));
  const isRoom = (each: Operation) => each.kind === "delete-server" && added.has(keyOf(each));
  return { room: operations.filter(isRoom), rest: operations.filter((each) => !isRoom(each)) };
}

/**
 * What goes once routes have changed is sent when HAProxy has answered to the change: a request that another thread has under
 * way has read its route, and looks for the rows and the servers of it a moment later.
 */
function splitGone(
  operations: readonly Operation[],
): { readonly first: readonly Operation[]; readonly last: readonly Operation[] } {
  const at = operations.findLastIndex((each) => "table" in each && each.table === HOSTS_MAP) + 1;
  return at > 0 && operations.slice(at).some(takesAway)
    ? { first: operations.slice(0, at), last: operations.slice(at) }
    : { first: [], last: operations };
}

const takesAway = (each: Operation): boolean =>
  each.kind === "delete-row" || each.kind === "delete-server" || each.kind === "set-state";

const keyOf = ({ section, server }: { readonly section: string; readonly server: string }): string =>
  `${section}/${server}`;
