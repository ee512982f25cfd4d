import { confirmationOf, findStrange } from "./core/confirmation.ts";
import { tenths } from "./core/milliseconds.ts";
import type { ContainerId, ServerName } from "./core/names.ts";
import { type Plan, planChange } from "./core/plan.ts";
import { countLeaving, noteBindings, noteOperation, type Running, runningAfterLoad } from "./core/running.ts";
import { readBack } from "./core/read_back.ts";
import type { ReloadReason } from "./core/reload_reason.ts";
import type { Desired } from "./core/render.ts";
import { type Operation, runtimeCommands, type ServerState, takeReplies } from "./core/runtime_command.ts";
import { believe, type Survey } from "./core/survey.ts";
import { HoldBack } from "./hold_back.ts";
import { isSameFiles, Loader } from "./loader.ts";
import type { Clock, ContainerSource, HaproxyControl, Outcome, Reporter } from "./ports.ts";

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
  readonly outcome: Outcome | { readonly kind: "postponed"; readonly forMs: number };
};

/** Brings HAProxy from what it has to what is wanted, and knows what it has. */
export class Applier {
  running: Running | undefined;
  readonly loader: Loader;
  /** When HAProxy last answered what a plan told it, in milliseconds of the clock. */
  answeredAt = 0;
  /** What the last apply was asked for was refused before, as it is, so that nothing was done. */
  #isRefusing = false;
  /** What the files say that are current; `states` is not known of files that an earlier signalbox wrote. */
  #onDisk: { readonly desired: Desired; readonly states: States | undefined } | undefined;
  readonly #holdBack: HoldBack;
  /** How many audits in a row would have HAProxy reloaded. */
  #drifts = 0;
  #firstReason: ReloadReason = { kind: "first-load" };

  constructor(readonly parts: ApplierParts) {
    this.loader = new Loader(parts.haproxy, parts.clock);
    this.#holdBack = new HoldBack(
      { ...parts, isLoading: () => this.loader.isLoading },
      (detail) => this.loader.ask({ kind: "diverged", detail }),
    );
  }

  /** Something that was asked for was refused, and HAProxy goes on without it. */
  get isBehind(): boolean {
    return this.#isRefusing || this.loader.isOwed;
  }

  /** HAProxy was started anew: it has what the files say, not what it was told since; or nobody knows what. */
  forgetCommands(hasCurrent: boolean): void {
    // Where another signalbox wrote the files, or they are others by now, it is read back.
    const { desired, states } = this.#onDisk ?? {};
    this.running = hasCurrent && desired !== undefined && states !== undefined && this.running !== undefined
      ? runningAfterLoad(desired, states)
      : undefined;
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
    const isFinal = later === undefined || this.#isRefusing;
    if (plan.kind === "nothing" && isFinal) return { plan, outcome: { kind: "applied" } };
    // A server that was added before its container ran waits only for its proof.
    if (plan.kind === "runtime" || !isFinal) haproxy.expectCommands();
    const startedAt = clock.now();
    const kept = plan.kind === "reload" ? undefined : await this.#keep(desired, states, signal);
    const keptAt = clock.now();
    if (kept?.kind === "rejected" || (plan.kind === "keep" && isFinal)) {
      return { plan, outcome: kept ?? { kind: "applied" } };
    }
    const newer = await later?.();
    if (newer !== undefined || !isQuiet()) {
      states = this.#withhold(desired, newer ?? wanted);
      plan = this.#plan(desired, states);
    }
    if (plan.kind === "reload") {
      return { plan, outcome: await this.#load(plan.reasons, desired, states, signal) };
    }
    if (plan.kind !== "runtime") {
      // The files were written all the same, and are to be checked.
      return { plan: plan.kind === "nothing" ? first : plan, outcome: { kind: "applied" } };
    }
    const sendingAt = clock.now();
    const trouble = await this.#execute(plan.operations, desired);
    const tookMs = { write: tenths(keptAt - startedAt), send: tenths(clock.now() - sendingAt) };
    report.debug("sent commands to HAProxy", { commands: plan.operations.length, ...tookMs });
    if (trouble === undefined) return { plan, outcome: { kind: "applied" } };
    report.warn(`HAProxy is not as it was believed to be: ${trouble}; it is reloaded`);
    const reload: Plan = { kind: "reload", reasons: [{ kind: "diverged", detail: trouble }] };
    return { plan: reload, outcome: await this.#load(reload.reasons, desired, states, signal) };
  }

  /** Takes servers out at once whose container was told to stop, whatever a pass waits for. */
  holdBack(stopping: ReadonlySet<ContainerId>, wanted: Desired, since?: number): void {
    if (this.parts.haproxy.capabilities.canSetStates) {
      this.#holdBack.take(this.running, stopping, wanted, since);
    }
  }

  /** Resolves when HAProxy has heard of the servers that were taken out so far, or has been waited for long enough. */
  get held(): Promise<unknown> {
    return this.#holdBack.done;
  }

  /**
   * Compares HAProxy with what it is believed to have; answers with what drifted, since someone else spoke to its
   * socket. The next apply puts it right.
   */
  async audit(): Promise<readonly string[]> {
    const { running, parts: { haproxy } } = this;
    if (running === undefined || this.loader.isLoading) return [];
    const isQuiet = this.#holdBack.watch();
    const survey = await haproxy.survey();
    // What was held back meanwhile is no drift.
    if (!isQuiet() || running !== this.running || this.loader.isLoading) return [];
    if (survey === undefined) return [];
    const { told, reloadReason } = believe(running, survey);
    if (reloadReason === undefined) {
      this.#drifts = 0;
      await this.#keepStates(running, survey);
      return told;
    }
    // What reloads do not cure is what a user's own template says: they come at ever longer intervals.
    if (!Number.isInteger(Math.log2(++this.#drifts))) return [];
    this.loader.ask({ kind: "diverged", detail: reloadReason });
    return told;
  }

  /** A start from the files is to begin with the states of now, and not with those of when they were written. */
  async #keepStates({ sections }: Running, survey: Survey): Promise<void> {
    const desired = this.#onDisk?.desired;
    if (desired === undefined) return;
    const servers = [...sections.values()].flatMap((section) => [...section.servers]);
    const states = new Map(servers.map(([name, { state }]) => [name, state]));
    await this.parts.haproxy.keepStates(desired, states, survey.servers);
    this.#onDisk = { desired, states };
  }

  /** An HAProxy that another signalbox has looked after need not be loaded anew, if it can be told what it has. */
  async #readBack(desired: Desired): Promise<void> {
    const { haproxy, report } = this.parts;
    const remains = await haproxy.findRemains();
    if (remains === undefined) return;
    const found = typeof remains === "string"
      ? { kind: "unclear", detail: remains } as const
      : readBack(remains, desired, haproxy.capabilities);
    if ("kind" in found) {
      this.#firstReason = found;
      return;
    }
    this.running = found;
    const { routes, bindings } = found;
    report.info("read back what the running HAProxy has", { routes: routes.size, spares: bindings.size });
  }

  /** How many servers wait for their last connections before they are deleted. */
  get leaving(): number {
    return this.running === undefined ? 0 : countLeaving(this.running);
  }

  /** The states, but for servers whose container has been told to stop since: they were taken out, and stay out. */
  #withhold(desired: Desired, states: States): States {
    const { haproxy, source } = this.parts;
    if (!haproxy.capabilities.canSetStates) return new Map();
    const stopping = source.stopping();
    if (stopping.size === 0) return states;
    const servers = desired.model.backends.flatMap((backend) => backend.servers);
    return new Map([
      ...states,
      ...servers.filter(({ containerId }) => stopping.has(containerId)).map(({ name }) =>
        [name, "maint"] as const
      ),
    ]);
  }

  #plan(desired: Desired, states: States): Plan {
    this.#isRefusing = false;
    const { running, loader: { asked } } = this;
    const plan: Plan = running === undefined
      ? { kind: "reload", reasons: [this.#firstReason] }
      : planChange(running, desired, states, this.parts.haproxy.capabilities);
    if (asked !== undefined) {
      return { kind: "reload", reasons: plan.kind === "reload" ? [asked, ...plan.reasons] : [asked] };
    }
    this.#isRefusing = plan.kind === "reload" && this.loader.hasRefused(desired.files);
    return this.#isRefusing ? { kind: "nothing" } : plan;
  }

  async #keep(
    desired: Desired,
    states: States,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (this.running !== undefined && isSameFiles(this.running.files, desired.files)) {
      this.#onDisk = { desired, states: this.#onDisk?.states };
      return { kind: "applied" };
    }
    const outcome = await this.parts.haproxy.keep(desired, states, signal);
    if (outcome.kind === "applied") {
      if (this.running !== undefined) this.running.files = desired.files;
      this.#onDisk = { desired, states };
    }
    return outcome;
  }

  /** Sends the operations; answers with what went wrong, if anything did. */
  async #execute(
    operations: readonly Operation[],
    desired: Desired,
  ): Promise<string | undefined> {
    const { running } = this;
    if (running === undefined) return "nothing is loaded";
    const isQuiet = this.#holdBack.watch();
    const lines = operations.flatMap(runtimeCommands);
    // What HAProxy has then is asked in the same breath.
    const confirmation = confirmationOf(operations);
    const replies = [...await this.parts.haproxy.send([...lines, ...confirmation.questions])];
    this.answeredAt = this.parts.clock.now();
    for (const { operation, reply, said } of takeReplies(operations, replies)) {
      if (reply === "diverged") return said;
      noteOperation(running, operation, reply === "done");
    }
    noteBindings(running, desired);
    const strange = findStrange(confirmation, replies, running);
    // What was held back meanwhile changed what HAProxy reports; the audit looks again.
    return isQuiet() ? strange : undefined;
  }

  async #load(
    reasons: readonly ReloadReason[],
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
  ): Promise<Applied["outcome"]> {
    const { pauseMs } = this.loader;
    if (pauseMs > 0) return { kind: "postponed", forMs: pauseMs };
    const states = this.#withhold(desired, wanted);
    const outcome = await this.loader.load(reasons, desired, states, signal);
    if (outcome.kind === "applied") {
      this.running = runningAfterLoad(desired, states);
      this.#onDisk = { desired, states };
    }
    return outcome;
  }
}
