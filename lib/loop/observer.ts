import { messageOf } from "../core/values/message_of.ts";
import { tenths } from "../core/values/milliseconds.ts";
import { emptySnapshot, type Snapshot, withoutStarting } from "../core/snapshot/snapshot.ts";
import type { Clock, ContainerSource, HaproxyControl, Reporter, Wake } from "../ports.ts";

/** What an Observer is made of. */
export type ObserverParts = {
  readonly source: Pick<ContainerSource, "initial" | "observe">;
  readonly haproxy: Pick<HaproxyControl, "capabilities">;
  readonly clock: Clock;
  readonly report: Reporter;
};

/** Observes the containers, and keeps the last snapshot. */
export class Observer {
  /** What the source said last; none before it first answered. */
  #last: Snapshot | undefined;

  constructor(readonly parts: ObserverParts) {}

  /** The last snapshot; before the source first answered, what it knows without its engines. */
  get snapshot(): Snapshot {
    return this.#last ?? this.parts.source.initial ?? emptySnapshot;
  }

  /** Reads what a wake names; false where the source does not answer. */
  async observe(wake: Wake, signal: AbortSignal): Promise<boolean> {
    const { clock, report } = this.parts;
    const startedAt = clock.now();
    const isRead = await this.#read(wake, signal);
    report.debug("read containers", { reason: wake.reason, tookMs: tenths(clock.now() - startedAt) });
    return isRead;
  }

  async #read(wake: Wake, signal: AbortSignal): Promise<boolean> {
    const { source, haproxy, report } = this.parts;
    try {
      const snapshot = await source.observe(wake, signal);
      // Where HAProxy takes no states, a server must not be in the config before its container runs.
      this.#last = haproxy.capabilities.canSetStates ? snapshot : withoutStarting(snapshot);
      return true;
    } catch (error) {
      report.debug(`cannot read containers: ${messageOf(error)}`);
      return false;
    }
  }
}
