import { type Durations, Histogram } from "../core/status/histogram.ts";
import type { Running } from "../core/state/running.ts";
import type { ServerName } from "../core/values/names.ts";
import type { Clock } from "../ports.ts";

/** Measures how long it takes from a container's readiness to its first traffic. */
export class FirstTraffic {
  /** When containers became ready that HAProxy gives no traffic yet, in milliseconds of the clock. */
  readonly #waiting = new Map<ServerName, number>();
  readonly #histogram = new Histogram();

  constructor(readonly clock: Pick<Clock, "now">) {}

  /** A container answers, and its engine holds it back no more. */
  isReady(server: ServerName): void {
    this.#waiting.set(server, this.clock.now());
  }

  /** A pass ended, after which HAProxy has this; `at` is when it answered. What is not `wanted` any more is forgotten. */
  isRunning(running: Running | undefined, wanted: ReadonlyMap<ServerName, unknown>, at: number): void {
    if (this.#waiting.size === 0) return;
    for (const { servers, isPublished } of running?.sections.values() ?? []) {
      if (!isPublished) continue;
      for (const [name, { state }] of servers) {
        const since = state === "ready" ? this.#waiting.get(name) : undefined;
        if (since === undefined) continue;
        this.#histogram.add(Math.max(0, at - since));
        this.#waiting.delete(name);
      }
    }
    for (const name of this.#waiting.keys()) if (!wanted.has(name)) this.#waiting.delete(name);
  }

  get durations(): Durations {
    return this.#histogram.durations;
  }
}
