import type { Applier } from "../apply/applier.ts";
import type { Clock, ContainerSource, HaproxyControl, Wake } from "../ports.ts";
import type { Reminders } from "./reminders.ts";

/** What Triggers are made of. */
export type TriggersParts = {
  readonly source: Pick<ContainerSource, "follow">;
  readonly haproxy: Pick<HaproxyControl, "follow" | "expectCommands">;
  readonly clock: Clock;
  readonly applier: Pick<Applier, "drain" | "forgetCommands">;
  readonly reminders: Reminders;
  readonly wake: (wake: Wake) => void;
  /** How long the last pass for a reason took, in milliseconds. */
  readonly tookMs: (reason: Wake["reason"]) => number;
};

/** How often signalbox reads all containers again, in milliseconds, in case it missed an event. */
const RESYNC: Interval = { usualMs: 60_000, mostMs: 300_000 };
/** How often the audit compares HAProxy with what it should have, in milliseconds. */
const AUDIT: Interval = { usualMs: 10_000, mostMs: 60_000 };
/**
 * A wait is at least so many times what the last one took: with the collection of what it leaves, which takes as long, that is a
 * hundredth of the time.
 */
const SHARE = 199;
/** How long Docker may take before HAProxy starts without it, in milliseconds. */
const ENGINE_LIMIT_MS = 2_000;

/** How often something is done: where there are thousands of containers, it takes longer, and is done less often. */
type Interval = { readonly usualMs: number; readonly mostMs: number };

/** What wakes the loop from outside: HAProxy, the source of containers, and the time. */
export class Triggers {
  constructor(readonly parts: TriggersParts) {}

  /** Follows what happens to HAProxy, until the signal. */
  followHaproxy(signal: AbortSignal): void {
    const { haproxy, applier, wake } = this.parts;
    haproxy.follow(({ kind }) => {
      // Another worker serves: it has the states of its files, and none of the commands since.
      applier.forgetCommands(kind === "restarted");
      wake({ reason: "haproxy", ids: new Set() });
    }, signal);
  }

  #nextMs(reason: Wake["reason"], { usualMs, mostMs }: Interval): number {
    return Math.min(mostMs, Math.max(usualMs, SHARE * this.parts.tookMs(reason)));
  }

  /** Follows the source and the time, until the signal; comes back when both have ended. */
  async followSource(signal: AbortSignal): Promise<void> {
    const { source, haproxy, clock, applier: { drain }, reminders, wake } = this.parts;
    const listener = {
      wake,
      draining: (...told: Parameters<typeof drain.tell>) => drain.tell(...told),
      expect: () => haproxy.expectCommands(),
    };
    await Promise.allSettled([
      source.follow(listener, signal),
      reminders.every(() => this.#nextMs("resync", RESYNC), { reason: "resync" }, signal),
      reminders.every(() => this.#nextMs("audit", AUDIT), { reason: "audit", ids: new Set() }, signal),
      clock.sleep(ENGINE_LIMIT_MS, signal).then(() => wake({ reason: "start", ids: new Set() })),
    ]);
  }
}
