import type { ReloadReason } from "../plan/reload_reason.ts";
import type { PastEvent } from "./history.ts";

/** The last reload by this signalbox. */
export type LastReload = {
  readonly at: string;
  readonly tookMs: number;
  /** For people. */
  readonly reasons: readonly string[];
  /** For scripts: a word for each reason. */
  readonly kinds: readonly ReloadReason["kind"][];
};

/** What a status has of reloads. */
type Loads = {
  readonly lastReload: LastReload | undefined;
  readonly reloads: number;
  readonly haproxy: { readonly workerStartedAt?: string | undefined };
  readonly events?: readonly PastEvent[];
};

/** The last reload, for people: that of this signalbox, or what HAProxy tells of one before it was adopted. */
export function reloadLine({ lastReload, reloads, haproxy, events = [] }: Loads): readonly string[] {
  if (lastReload !== undefined) {
    const { at, tookMs, reasons } = lastReload;
    const why = reasons.slice(0, 3).join("; ");
    return [`last reload: ${at}, took ${Math.round(tookMs)} ms: ${why} (${reloads} in all)`];
  }
  const { workerStartedAt } = haproxy;
  if (workerStartedAt === undefined) return [];
  const adopted = events.findLast(({ event }) => event === "adopted");
  const by = adopted === undefined ? "" : `, which adopted HAProxy at ${adopted.at}`;
  return [`last reload: ${workerStartedAt}, before this signalbox${by}`];
}
