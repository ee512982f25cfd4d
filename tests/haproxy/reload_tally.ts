/** How often a run of random changes reloads HAProxy, and why. */
import type { Plan } from "../../lib/core/plan/plan.ts";
import { reloadReasonText } from "../../lib/core/plan/reload_reason.ts";

/** What made signalbox look at the world: the first look, a change in it, or what happened beside the changes. */
export type Cause = "start" | "change" | "accident";

/** Counts passes by what they came to, and reloads by their reason. */
export class ReloadTally {
  readonly ways: Record<Plan["kind"], number> = { nothing: 0, keep: 0, runtime: 0, reload: 0, blocked: 0 };
  readonly #passes: Record<Cause, number> = { start: 0, change: 0, accident: 0 };
  readonly #reloads: Record<Cause, number> = { start: 0, change: 0, accident: 0 };
  readonly #kinds = new Map<string, number>();

  /** `tell` gets a line for each reload that a change made. */
  constructor(readonly tell?: (line: string) => void) {}

  /** One pass; `where` says which for people. */
  count(plan: Plan, cause: Cause, where: string): void {
    this.ways[plan.kind]++;
    this.#passes[cause]++;
    if (plan.kind !== "reload") return;
    this.#reloads[cause]++;
    if (cause !== "change") return;
    // A reload with several reasons counts for each of them: with one less it would be made all the same.
    for (const kind of new Set(plan.reasons.map((reason) => reason.kind))) {
      this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    }
    this.tell?.(`${where}: ${plan.reasons.map(reloadReasonText).join("; ")}`);
  }

  /** How many reloads there were until now, for people. */
  get brief(): string {
    const [steps, reloads] = [this.#passes.change, this.#reloads.change];
    const share = steps === 0 ? "0" : (reloads / steps * 100).toFixed(2);
    return `${steps} steps, ${reloads} reloads for them: ${share} in 100`;
  }

  /** What came of it all, a few lines for people. */
  get summary(): string {
    const kinds = [...this.#kinds].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${kind} ${count}`);
    return [
      `${this.brief}${kinds.length === 0 ? "" : ` (${kinds.join(", ")})`}`,
      `beside them: ${this.#reloads.start} first loads, ${this.#reloads.accident} reloads after accidents`,
    ].join("\n");
  }
}
