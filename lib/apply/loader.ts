import type { ServerName } from "../core/values/names.ts";
import {
  budgetPauseMs,
  canWait,
  reloadBudget,
  spendReload,
  type SpentReloads,
} from "../core/policy/reload_budget.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import type { Desired, Files } from "../core/config/render.ts";
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

/** Has HAProxy load files: one set at a time, spaced by what the last one cost, and never again what was refused as it is. */
export class Loader {
  last: LastReload | undefined;
  /** How many loads have been proven, and how many of them had a reason of each kind. */
  count = 0;
  readonly counts = new Map<ReloadReason["kind"], number>();
  /** A load is under way: commands wait for its proof, but for those that take servers out. */
  isLoading = false;
  /** How many reloads may follow one another, by how long connections may last after one. */
  budgetOf = reloadBudget;
  #spent: SpentReloads = { backInMs: 0, atMs: 0 };
  #spaced: { readonly reasons: readonly ReloadReason[]; readonly untilMs: number } | undefined;
  #endedAt = -Infinity;
  #costMs = 0;
  #asked: ReloadReason | undefined;
  /** A reload that was asked for, and refused for its content: it is owed until one is done. */
  #owed: ReloadReason | undefined;
  #refused: Files | undefined;

  constructor(
    readonly haproxy: HaproxyControl,
    readonly clock: Clock,
    readonly report: Pick<Reporter, "tell">,
  ) {}

  /** Asks for a load, whatever differs: certificates may, or HAProxy is not as we believed. */
  ask(reason: ReloadReason): void {
    this.#asked = reason;
    this.#refused = undefined;
  }

  /** The load that was asked for and not done yet. */
  get asked(): ReloadReason | undefined {
    return this.#asked;
  }

  /** A load was asked for, and refused for what it would have loaded. */
  get isOwed(): boolean {
    return this.#owed !== undefined;
  }

  /** Whether these files were refused, as they are. */
  hasRefused(files: Files): boolean {
    return isSameFiles(this.#refused, files);
  }

  /** Lets what was refused be tried again: what the files name, such as a certificate, may have been mended. */
  retryRefused(): void {
    this.#refused = undefined;
    this.#asked ??= this.#owed;
  }

  /**
   * Milliseconds until the next load: they cost CPU and leave an old worker behind, so after one as much time passes as it
   * took, and of those that may wait only so many follow one another. Where each container is a reload, none may wait.
   */
  pauseMs(reasons: readonly ReloadReason[], desired: Desired): number {
    const now = this.clock.now();
    const { hardStopAfterMs } = desired.model.frontend;
    const mayWait = this.haproxy.capabilities.canAddServers && canWait(reasons);
    const budgetMs = mayWait ? budgetPauseMs(this.#spent, this.budgetOf(hardStopAfterMs), now) : 0;
    if (budgetMs > 0 && this.#spaced === undefined) {
      this.report.tell({ kind: "reload-waits", reasons, waitMs: budgetMs });
    }
    this.#spaced = budgetMs > 0 ? { reasons, untilMs: now + budgetMs } : undefined;
    return Math.max(0, this.#endedAt + this.#costMs - now, budgetMs);
  }

  /** Hears each plan, and hands it back: where nothing needs a reload any more, none waits. */
  hear(plan: Plan): Plan {
    if (plan.kind !== "reload") this.#spaced = undefined;
    return plan;
  }

  /** The reload that waits, since there were many and it need not be at once; `undefined` where none does. */
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
    const startedAt = this.clock.now();
    this.isLoading = true;
    // What is asked for from now on is not done by this load: a certificate may have been read already.
    const asked = this.#asked;
    this.#asked = undefined;
    const outcome = await this.haproxy.load(desired, states, signal).catch((error) => {
      this.#asked ??= asked;
      throw error;
    }).finally(() => {
      this.isLoading = false;
      this.#endedAt = this.clock.now();
      this.#costMs = this.#endedAt - startedAt;
    });
    if (outcome.kind === "applied") {
      this.#refused = undefined;
      this.#owed = undefined;
      const budget = this.budgetOf(desired.model.frontend.hardStopAfterMs);
      this.#spent = spendReload(this.#spent, budget, this.#endedAt);
      this.count++;
      for (const kind of new Set(reasons.map(({ kind }) => kind))) {
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      }
      this.last = { at: new Date(), reasons, tookMs: this.#costMs };
    } else if (outcome.stage === "check") {
      // What was refused for its content will be refused again; what could not be written may work the next time.
      this.#refused = desired.files;
      this.#owed ??= asked;
    } else this.#asked ??= asked;
    return outcome;
  }
}

/** Whether two sets of files say the same. */
export function isSameFiles(a: Files | undefined, b: Files): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([name, text]) => a.get(name) === text);
}
