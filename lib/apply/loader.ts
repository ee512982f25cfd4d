import type { ServerName } from "../core/values/names.ts";
import {
  budgetPauseMs,
  canWait,
  isDivergence,
  reloadBudget,
  spendReload,
  type SpentReloads,
} from "../core/policy/reload_budget.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import type { Desired } from "../core/config/render.ts";
import { LoadRequest } from "./load_request.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { SpacedReload } from "../core/status/status.ts";
import type { Clock, HaproxyControl, Outcome, Reporter } from "../ports.ts";

/** The last reload, for status and for the space between two. */
export type LastReload = {
  readonly at: Date;
  readonly reasons: readonly ReloadReason[];
  readonly tookMs: number;
};

/** Has HAProxy load files: one set at a time, spaced by what the last load cost, and never a refused set unchanged. */
export class Loader {
  last: LastReload | undefined;
  /** How many loads have been proven, and how many of them had a reason of each kind. */
  count = 0;
  readonly counts = new Map<ReloadReason["kind"], number>();
  /** Whether a load is asked for, under way, refused or owed. */
  readonly request = new LoadRequest();
  /** How many reloads may follow one another, by how long connections may last after one. */
  budgetOf = reloadBudget;
  #spent: SpentReloads = { backInMs: 0, atMs: 0 };
  #spaced: { readonly reasons: readonly ReloadReason[]; readonly untilMs: number } | undefined;
  #endedAt = -Infinity;
  /** When a load last mended a divergence. */
  #mendedAt = -Infinity;
  #costMs = 0;

  constructor(
    readonly haproxy: HaproxyControl,
    readonly clock: Clock,
    readonly report: Pick<Reporter, "tell">,
  ) {}

  /**
   * Milliseconds until the next load. A load costs CPU and leaves an old worker behind. So after each one as much time
   * passes as it took, and loads that can wait have a budget. Where each container needs a reload, no load waits for it.
   */
  pauseMs(reasons: readonly ReloadReason[], desired: Desired): number {
    const now = this.clock.now();
    const { hardStopAfterMs } = desired.model.frontend;
    const isFirst = now - this.#mendedAt >= hardStopAfterMs;
    const mayWait = this.haproxy.capabilities.canAddServers && canWait(reasons, isFirst);
    const budgetMs = mayWait ? budgetPauseMs(this.#spent, this.budgetOf(hardStopAfterMs), now) : 0;
    if (budgetMs > 0 && this.#spaced === undefined) {
      this.report.tell({ kind: "reload-waits", reasons, waitMs: budgetMs });
    }
    this.#spaced = budgetMs > 0 ? { reasons, untilMs: now + budgetMs } : undefined;
    return Math.max(0, this.#endedAt + this.#costMs - now, budgetMs);
  }

  /** Hears each plan, and hands it back: once a plan needs no reload, none waits any more. */
  hear(plan: Plan): Plan {
    if (plan.kind !== "reload") this.#spaced = undefined;
    return plan;
  }

  /** The reload that waits for the budget; `undefined` where none does. */
  get spaced(): SpacedReload | undefined {
    const waitMs = this.#spaced === undefined ? 0 : this.#spaced.untilMs - this.clock.now();
    return this.#spaced !== undefined && waitMs > 0 ? { reasons: this.#spaced.reasons, waitMs } : undefined;
  }

  /** Loads; throws when HAProxy cannot be reached. */
  async load(
    reasons: readonly ReloadReason[],
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { clock, haproxy, request } = this;
    const startedAt = clock.now();
    request.tell("begin");
    const outcome = await haproxy.load(desired, states, signal).catch((error) => {
      request.tell("fail");
      throw error;
    }).finally(() => {
      this.#endedAt = clock.now();
      this.#costMs = this.#endedAt - startedAt;
    });
    if (outcome.kind === "applied") {
      request.tell("done");
      const budget = this.budgetOf(desired.model.frontend.hardStopAfterMs);
      this.#spent = spendReload(this.#spent, budget, this.#endedAt);
      if (reasons.some(({ kind }) => isDivergence(kind))) this.#mendedAt = this.#endedAt;
      this.count++;
      for (const kind of new Set(reasons.map(({ kind }) => kind))) {
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      }
      this.last = { at: this.clock.date(), reasons, tookMs: this.#costMs };
    } else if (outcome.stage === "check") request.refuse(desired.files);
    else request.tell("fail");
    return outcome;
  }
}
