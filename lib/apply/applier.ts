import { adopt } from "./adopt.ts";
import { Audit } from "./audit.ts";
import { Believed } from "./believed.ts";
import { type Executed, Executor } from "./execute.ts";
import { tenths } from "../core/values/milliseconds.ts";
import type { ServerName } from "../core/values/names.ts";
import { countLeaving, type Running } from "../core/state/running.ts";
import type { Desired } from "../core/config/render.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import { Drain } from "./drain.ts";
import { SavedFiles } from "./saved_files.ts";
import { isSameFiles } from "./load_request.ts";
import { Loader } from "./loader.ts";
import { type Applied, Reloads } from "./reload.ts";
import type { Clock, HaproxyControl, Outcome, Reporter } from "../ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** What an Applier is made of. */
export type ApplierParts = {
  readonly haproxy: HaproxyControl;
  readonly clock: Clock;
  readonly report: Reporter;
};

/** Brings HAProxy from what it has to what is wanted: this is the order of doing, and nothing else. */
export class Applier {
  readonly believed = new Believed();
  readonly loader: Loader;
  readonly drain: Drain;
  readonly #saved: SavedFiles;
  readonly #executor: Executor;
  readonly #reloads: Reloads;
  readonly #audit: Audit;

  constructor(readonly parts: ApplierParts) {
    const { believed } = this;
    this.loader = new Loader(parts.haproxy, parts.clock, parts.report);
    const saved = this.#saved = new SavedFiles(parts.haproxy, parts.report);
    this.#executor = new Executor({ ...parts, believed, saved });
    const diverged = (detail: string) => this.loader.request.ask({ kind: "diverged", detail });
    this.drain = new Drain({
      ...parts,
      believed,
      saved,
      isLoading: () => this.loader.request.isLoading,
      diverged,
    });
    this.#audit = new Audit({ ...parts, believed, saved, diverged });
    this.#reloads = new Reloads({
      ...parts,
      believed,
      loader: this.loader,
      drain: this.drain,
      saved,
      executor: this.#executor,
    });
  }

  /** What HAProxy has; `undefined` where that is not known. */
  get running(): Running | undefined {
    return this.believed.running;
  }

  /** When HAProxy last answered what a plan told it, in milliseconds of the clock. */
  get answeredAt(): number {
    return this.#executor.answeredAt;
  }

  /** How many servers wait for their last connections before they are deleted. */
  get leaving(): number {
    return countLeaving(this.running);
  }

  /**
   * Another worker serves, without the commands of before. It has the current files where `hasCurrent`; else what it has
   * is unknown.
   */
  forgetCommands(hasCurrent: boolean): void {
    // Where another signalbox wrote the files, signalbox reads back what HAProxy has.
    const content = hasCurrent && this.running !== undefined ? this.#saved.content : undefined;
    if (content === undefined) this.believed.lost();
    else this.believed.loaded(content.desired, content.states);
  }

  /**
   * Plans and applies; answers with the plan and its outcome. `later` gives the states a moment after `wanted`, when probes
   * under way may have answered; signalbox writes the files meanwhile. Throws when HAProxy cannot be reached.
   */
  async apply(
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
    later?: () => Promise<States>,
  ): Promise<Applied> {
    const { believed, drain, parts: { haproxy, clock, report } } = this;
    drain.want(desired);
    if (this.running === undefined) await adopt({ haproxy, report, believed }, desired);
    const { version } = believed;
    let states = drain.filter(wanted, desired);
    const first = this.#reloads.plan(desired, states);
    let plan = first;
    if (plan.kind === "blocked") return await this.#reloads.reload(plan, desired, states, signal);
    const isFinal = later === undefined;
    if (plan.kind === "nothing" && isFinal) {
      this.#saved.meet(desired);
      await this.#saved.refresh(this.running);
      return { plan, outcome: { kind: "applied" }, isWaiting: false };
    }
    // Commands follow in a moment: a server that waits for its probe alone becomes ready by one.
    if (plan.kind === "runtime" || !isFinal) haproxy.expectCommands();
    const startedAt = clock.now();
    const saved = plan.kind === "reload" ? undefined : await this.#save(desired, states, signal);
    const savedAt = clock.now();
    if (saved?.kind === "rejected" || (plan.kind === "keep" && isFinal)) {
      return { plan, outcome: saved ?? { kind: "applied" }, isWaiting: false };
    }
    const newer = await later?.();
    if (plan.kind !== "reload") await believed.answered();
    if (newer !== undefined || !believed.isUnchangedSince(version)) {
      states = drain.filter(newer ?? wanted, desired);
      plan = this.#reloads.plan(desired, states);
    }
    if ("reasons" in plan) return await this.#reloads.reload(plan, desired, states, signal);
    if (plan.kind !== "runtime") {
      // The first plan wrote the files, which are still to be checked.
      return { plan: plan.kind === "nothing" ? first : plan, outcome: { kind: "applied" }, isWaiting: false };
    }
    const sendingAt = clock.now();
    const executed = await this.#executor.execute(plan.operations, desired);
    const tookMs = { write: tenths(savedAt - startedAt), send: tenths(clock.now() - sendingAt) };
    report.debug("sent commands to HAProxy", { commands: plan.operations.length, ...tookMs });
    if (executed.kind === "done") {
      await this.#saved.refresh(this.running);
      return { plan, outcome: { kind: "applied" }, isWaiting: executed.isWaiting };
    }
    this.#owe(executed);
    return await this.#reloads.reload(
      { kind: "reload", reasons: [executed.reason], meanwhile: [] },
      desired,
      states,
      signal,
    );
  }

  /** Asks for the reload that cures a divergence until it is done: the next plan would not find the divergence again. */
  #owe({ reason }: Extract<Executed, { kind: "failed" }>): void {
    this.loader.request.ask(reason);
    if (reason.kind !== "diverged") return;
    this.parts.report.tell({ kind: "diverged", detail: reason.detail });
  }

  /**
   * Compares what HAProxy has with what signalbox knows of it; answers with what drifted, because somebody else used its
   * socket. The next apply corrects it.
   */
  audit(): Promise<readonly string[]> {
    return this.#audit.compare();
  }

  async #save(desired: Desired, states: States, signal: AbortSignal): Promise<Outcome> {
    if (this.running !== undefined && isSameFiles(this.running.files, desired.files)) {
      this.#saved.meet(desired);
      return { kind: "applied" };
    }
    const outcome = await this.parts.haproxy.keep(desired, states, signal);
    if (outcome.kind === "applied") {
      this.believed.saved(desired.files);
      this.#saved.note(desired, states);
    }
    return outcome;
  }
}
