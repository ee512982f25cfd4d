import { Audit } from "./audit.ts";
import { confirmationOf, findStrange } from "../core/state/confirmation.ts";
import { tenths } from "../core/values/milliseconds.ts";
import { summarize } from "../core/plan/operation_summary.ts";
import type { ContainerId, ServerName } from "../core/values/names.ts";
import { meanwhileOf, type Reload, withAsked } from "../core/plan/force_reload.ts";
import { type Plan, planChange } from "../core/plan/plan.ts";
import {
  countLeaving,
  isOnlyWaiting,
  noteBindings,
  noteOperation,
  type Running,
  runningAfterLoad,
} from "../core/state/running.ts";
import { readBack } from "../core/plan/read_back.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import type { Desired } from "../core/config/render.ts";
import { type Operation, runtimeCommands, type ServerState, takeReplies } from "../core/runtime/operation.ts";
import { HoldBack, withhold } from "./hold_back.ts";
import { KeptFiles } from "./kept_files.ts";
import { isSameFiles, Loader } from "./loader.ts";
import { type Executed, makeRoom, splitRoom } from "./make_room.ts";
import type { Clock, ContainerSource, HaproxyControl, Outcome, Reporter } from "../ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** What an Applier is made of. */
export type ApplierParts = {
  readonly haproxy: HaproxyControl;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly source: Pick<ContainerSource, "stopping">;
};

/**
 * What became of a plan; `postponed`: the last reload was too short a time ago, and what is wanted then is to be planned
 * then.
 */
export type Applied = {
  readonly plan: Plan;
  /** All that was done is to ask again for what waits for its last connections, and it still does. */
  readonly isWaiting: boolean;
  readonly outcome: Outcome | { readonly kind: "postponed"; readonly forMs: number };
};

/** Brings HAProxy from what it has to what is wanted, and knows what it has. */
export class Applier {
  running: Running | undefined;
  readonly loader: Loader;
  /** HAProxy has had a config that this signalbox made, or knew. */
  hasConfig = false;
  /** When HAProxy last answered what a plan told it, in milliseconds of the clock. */
  answeredAt = 0;
  /** What the last apply was asked for was refused before, as it is, so that nothing was done. */
  #isRefusing = false;
  readonly #kept: KeptFiles;
  readonly #holdBack: HoldBack;
  readonly #audit: Audit;
  #firstReason: ReloadReason = { kind: "first-load" };

  constructor(readonly parts: ApplierParts) {
    this.loader = new Loader(parts.haproxy, parts.clock);
    this.#kept = new KeptFiles(parts.haproxy, parts.report);
    const diverged = (detail: string) => void this.#owe(detail);
    this.#holdBack = new HoldBack(parts, diverged);
    this.#audit = new Audit({ ...parts, holdBack: this.#holdBack, kept: this.#kept, diverged });
  }

  /** Something that was asked for was refused, and HAProxy goes on without it. */
  get isBehind(): boolean {
    return this.#isRefusing || this.loader.isOwed;
  }

  /** HAProxy was started anew: it has what the files say, not what it was told since; or nobody knows what. */
  forgetCommands(hasCurrent: boolean): void {
    // Where another signalbox wrote the files, or they are others by now, it is read back.
    this.running = hasCurrent && this.running !== undefined ? this.#kept.whatAStartGives() : undefined;
  }

  /**
   * Plans and does what is to be done; answers with both. `later` gives the states a moment after `wanted`, when probes
   * that are under way may have answered: the files are written in that moment. Throws when HAProxy cannot be reached.
   */
  async apply(
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
    later?: () => Promise<States>,
  ): Promise<Applied> {
    const { haproxy, clock, report } = this.parts;
    const isQuiet = this.#holdBack.watch();
    let states = this.#withhold(desired, wanted);
    if (this.running === undefined) await this.#readBack(desired);
    const first = this.#plan(desired, states);
    let plan = first;
    if (plan.kind === "reload" && this.#isRefusing) return await this.#reload(plan, desired, states, signal);
    const isFinal = later === undefined;
    if (plan.kind === "nothing" && isFinal) {
      this.#kept.meet(desired);
      await this.#kept.refresh(this.running);
      return { plan, outcome: { kind: "applied" }, isWaiting: false };
    }
    // A server that was added before its container ran waits only for its proof.
    if (plan.kind === "runtime" || !isFinal) haproxy.expectCommands();
    const startedAt = clock.now();
    const kept = plan.kind === "reload" ? undefined : await this.#keep(desired, states, signal);
    const keptAt = clock.now();
    if (kept?.kind === "rejected" || (plan.kind === "keep" && isFinal)) {
      return { plan, outcome: kept ?? { kind: "applied" }, isWaiting: false };
    }
    const newer = await later?.();
    if (newer !== undefined || !isQuiet()) {
      states = this.#withhold(desired, newer ?? wanted);
      plan = this.#plan(desired, states);
    }
    if (plan.kind === "reload") return await this.#reload(plan, desired, states, signal);
    if (plan.kind !== "runtime") {
      // The files were written all the same, and are to be checked.
      return { plan: plan.kind === "nothing" ? first : plan, outcome: { kind: "applied" }, isWaiting: false };
    }
    const sendingAt = clock.now();
    const { trouble, reason, isWaiting } = await this.#execute(plan.operations, desired);
    const tookMs = { write: tenths(keptAt - startedAt), send: tenths(clock.now() - sendingAt) };
    report.debug("sent commands to HAProxy", { commands: plan.operations.length, ...tookMs });
    if (trouble === undefined) {
      await this.#kept.refresh(this.running);
      return { plan, outcome: { kind: "applied" }, isWaiting };
    }
    if (reason === undefined) {
      report.warn(`HAProxy is not as it was believed to be: ${trouble}; it is reloaded`);
    }
    const reasons = [this.#owe(trouble, reason)];
    return await this.#reload({ kind: "reload", reasons, meanwhile: [] }, desired, states, signal);
  }

  /** Takes servers out at once whose container was told to stop, whatever a pass waits for. */
  holdBack(stopping: ReadonlySet<ContainerId>, wanted: Desired, since?: number): void {
    this.#takeOut(stopping, wanted, this.loader.isLoading, since);
  }

  #takeOut(stopping: ReadonlySet<ContainerId>, wanted: Desired, isBlocked: boolean, since?: number): void {
    if (!this.parts.haproxy.capabilities.canSetStates) return;
    if (this.#holdBack.take(this.running, stopping, wanted, isBlocked, since)) this.#kept.outdate();
  }

  /** A reload that cures a divergence is owed until it is done: what was noted would not tell of it any more. */
  #owe(detail: string, reason: ReloadReason = { kind: "diverged", detail }): ReloadReason {
    this.loader.ask(reason);
    return reason;
  }

  /** Resolves when HAProxy has heard of the servers that were taken out so far, or has been waited for long enough. */
  get held(): Promise<unknown> {
    return this.#holdBack.done;
  }

  /**
   * Compares HAProxy with what it is believed to have; answers with what drifted, since someone else spoke to its
   * socket. The next apply puts it right.
   */
  audit(): Promise<readonly string[]> {
    return this.#audit.compare(() => this.loader.isLoading ? undefined : this.running);
  }

  /** An HAProxy that another signalbox has looked after need not be loaded anew, if it can be told what it has. */
  async #readBack(desired: Desired): Promise<void> {
    const { haproxy, report } = this.parts;
    const remains = await haproxy.findRemains();
    if (remains === undefined) return;
    const found = typeof remains === "string"
      ? { kind: "unclear", detail: remains } as const
      : readBack(remains, desired, haproxy.capabilities);
    if ("kind" in found) return void (this.#firstReason = found);
    this.running = found;
    this.hasConfig = true;
    const { routes, bindings } = found;
    report.info("read back what the running HAProxy has", { routes: routes.size, spares: bindings.size });
  }

  /** How many servers wait for their last connections before they are deleted. */
  get leaving(): number {
    return countLeaving(this.running);
  }

  /** Servers whose container has been told to stop since were taken out, and stay out. */
  #withhold(desired: Desired, states: States): States {
    const { haproxy, source } = this.parts;
    return haproxy.capabilities.canSetStates ? withhold(states, source.stopping(), desired) : new Map();
  }

  #plan(desired: Desired, states: States): Plan {
    const { running, loader: { asked }, parts: { haproxy: { capabilities } } } = this;
    const plan: Plan = running === undefined
      ? { kind: "reload", reasons: [this.#firstReason], meanwhile: [] }
      : planChange(running, desired, states, capabilities);
    const decided = withAsked(plan, asked, capabilities);
    this.#isRefusing = decided.kind === "reload" && asked === undefined &&
      this.loader.hasRefused(desired.files);
    return decided;
  }

  async #keep(desired: Desired, states: States, signal: AbortSignal): Promise<Outcome> {
    if (this.running !== undefined && isSameFiles(this.running.files, desired.files)) {
      this.#kept.meet(desired);
      return { kind: "applied" };
    }
    const outcome = await this.parts.haproxy.keep(desired, states, signal);
    if (outcome.kind === "applied") {
      if (this.running !== undefined) this.running.files = desired.files;
      this.#kept.note(desired, states);
    }
    return outcome;
  }

  /** Sends the operations; answers with what went wrong, if anything did, and whether all of them wait, as before. */
  async #execute(
    planned: readonly Operation[],
    desired: Desired,
  ): Promise<Executed> {
    const { running } = this;
    if (running === undefined) return { trouble: "nothing is loaded", isWaiting: false };
    const { room, rest: operations } = splitRoom(planned);
    const obstacle = await makeRoom(this.parts.haproxy, running, room);
    if (obstacle !== undefined) return obstacle;
    const wasWaiting = isOnlyWaiting(operations, running);
    const isQuiet = this.#holdBack.watch();
    const lines = operations.flatMap(runtimeCommands);
    // What HAProxy has then is asked in the same breath.
    const confirmation = confirmationOf(operations);
    const replies = [...await this.parts.haproxy.send([...lines, ...confirmation.questions])];
    this.answeredAt = this.parts.clock.now();
    if (operations.some(({ kind }) => kind === "set-state")) this.#kept.outdate();
    for (const { operation, reply, said } of takeReplies(operations, replies)) {
      if (reply === "diverged") return { trouble: said, isWaiting: false };
      noteOperation(running, operation, reply === "done");
    }
    noteBindings(running, desired, operations);
    const strange = findStrange(confirmation, replies, running);
    // What was held back meanwhile changed what HAProxy reports; the audit looks again.
    const trouble = isQuiet() ? strange : undefined;
    return { trouble, isWaiting: wasWaiting && isOnlyWaiting(operations, running) };
  }

  /** Reloads; what needs none does not wait for one that is put off or refused. */
  async #reload(plan: Reload, desired: Desired, states: States, signal: AbortSignal): Promise<Applied> {
    if (this.#isRefusing) {
      const isWaiting = await this.#doMeanwhile(desired, states);
      return { plan: { kind: "nothing" }, outcome: { kind: "applied" }, isWaiting };
    }
    const outcome = await this.#load(plan.reasons, desired, states, signal);
    const isWaiting = outcome.kind !== "applied" && await this.#doMeanwhile(desired, states);
    return { plan, outcome, isWaiting };
  }

  /** Answers whether all of it waits for last connections, as before. What fails is planned again by the next pass. */
  async #doMeanwhile(desired: Desired, wanted: States): Promise<boolean> {
    const { source, report } = this.parts;
    const states = this.#withhold(desired, wanted);
    try {
      if (this.running === undefined) {
        await this.#holdBack.giveBack(source.stopping(), states, desired);
        return false;
      }
      // A load takes its time: what was planned before it may be of the past.
      const operations = meanwhileOf(this.#plan(desired, states));
      if (operations.length === 0) return false;
      const { trouble, reason, isWaiting } = await this.#execute(operations, desired);
      if (trouble !== undefined) this.#owe(trouble, reason);
      else if (!isWaiting) {
        report.info("changed HAProxy at run time, what needs no reload", summarize(operations));
      }
      return isWaiting;
    } catch (error) {
      report.debug(`cannot do what needs no reload: ${error}`);
      return false;
    }
  }

  async #load(
    reasons: readonly ReloadReason[],
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
  ): Promise<Applied["outcome"]> {
    const pauseMs = this.loader.pauseMs(reasons, desired);
    if (pauseMs > 0) return { kind: "postponed", forMs: pauseMs };
    // What could have waited for this pass cannot wait for its reload.
    this.#takeOut(this.parts.source.stopping(), desired, true);
    const states = this.#withhold(desired, wanted);
    const outcome = await this.loader.load(reasons, desired, states, signal);
    if (outcome.kind === "applied") {
      this.running = runningAfterLoad(desired, states);
      this.hasConfig = true;
      this.#kept.note(desired, states);
    }
    return outcome;
  }
}
