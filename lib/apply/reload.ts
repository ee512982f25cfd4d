import { forceReload, meanwhileOf } from "../core/plan/force_reload.ts";
import { type Plan, planChange } from "../core/plan/plan.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { Desired } from "../core/config/render.ts";
import type { ServerName } from "../core/values/names.ts";
import type { HaproxyControl, Outcome, Reporter } from "../ports.ts";
import type { Believed } from "./believed.ts";
import type { Drain } from "./drain.ts";
import type { Executor } from "./execute.ts";
import type { Loader } from "./loader.ts";
import type { SavedFiles } from "./saved_files.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/**
 * What became of a plan. `postponed`: the last reload is too recent; the loop plans anew when the time has passed.
 */
export type Applied = {
  readonly plan: Plan;
  /** The plan only repeated deletes of servers and backends that still wait for their last connections. */
  readonly isWaiting: boolean;
  readonly outcome: Outcome | { readonly kind: "postponed"; readonly forMs: number };
};

/** What Reloads are made of. */
export type ReloadsParts = {
  readonly haproxy: Pick<HaproxyControl, "capabilities">;
  readonly report: Reporter;
  readonly believed: Believed;
  readonly loader: Loader;
  readonly drain: Drain;
  readonly saved: SavedFiles;
  readonly executor: Executor;
};

/** Plans, and reloads. Where a reload has to wait or is refused, does the operations that need none. */
export class Reloads {
  constructor(readonly parts: ReloadsParts) {}

  /** Plans the way from running to desired, with regard to loads that are asked for or were refused. */
  plan(desired: Desired, states: States): Plan {
    const { haproxy: { capabilities }, believed: { running, whyUnknown }, loader } = this.parts;
    const { request } = loader;
    const plan: Plan = running === undefined
      ? { kind: "reload", reasons: [whyUnknown], meanwhile: [] }
      : planChange(running, desired, states, capabilities);
    const requests = { asked: request.asked, isRefused: request.hasRefused(desired.files) };
    return loader.hear(forceReload(plan, requests, capabilities));
  }

  /** Reloads. Where the reload is postponed, refused or blocked, does what needs none. */
  async reload(
    plan: Extract<Plan, { kind: "reload" | "blocked" }>,
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
  ): Promise<Applied> {
    const outcome = plan.kind === "blocked" ? undefined : await this.#load(plan, desired, wanted, signal);
    if (outcome?.kind === "applied") return { plan, outcome, isWaiting: false };
    const isWaiting = await this.#doMeanwhile(desired, wanted);
    return { plan, outcome: outcome ?? { kind: "applied" }, isWaiting };
  }

  async #load(
    { reasons }: Extract<Plan, { kind: "reload" }>,
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
  ): Promise<Applied["outcome"]> {
    const { believed, drain, loader, saved } = this.parts;
    const pauseMs = loader.pauseMs(reasons, desired);
    if (pauseMs > 0) return { kind: "postponed", forMs: pauseMs };
    drain.beforeLoad();
    const states = drain.filter(wanted, desired);
    const outcome = await loader.load(reasons, desired, states, signal);
    if (outcome.kind === "applied") {
      believed.loaded(desired, states);
      saved.note(desired, states);
    }
    return outcome;
  }

  /** Answers `isWaiting` of `Applied`. The next pass plans again what fails. */
  async #doMeanwhile(desired: Desired, wanted: States): Promise<boolean> {
    const { believed, drain, executor, loader, report } = this.parts;
    await believed.answered();
    const states = drain.filter(wanted, desired);
    try {
      if (believed.running === undefined) {
        await drain.restore(states, desired);
        return false;
      }
      // The load took time: the plan of before may be out of date.
      const operations = meanwhileOf(this.plan(desired, states));
      if (operations.length === 0) return false;
      const executed = await executor.execute(operations, desired);
      if (executed.kind === "failed") {
        loader.request.ask(executed.reason);
        return false;
      }
      const { isWaiting } = executed;
      if (!isWaiting) report.tell({ kind: "changed", operations, isMeanwhile: true });
      return isWaiting;
    } catch (error) {
      report.debug(`cannot do what needs no reload: ${error}`);
      return false;
    }
  }
}
