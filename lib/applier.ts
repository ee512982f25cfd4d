import { tenths } from "./core/milliseconds.ts";
import type { ContainerId, ServerName } from "./core/names.ts";
import { type Plan, planChange } from "./core/plan.ts";
import { countLeaving, noteBindings, noteOperation, type Running, runningAfterLoad } from "./core/running.ts";
import { readBack } from "./core/read_back.ts";
import type { Desired, Files } from "./core/render.ts";
import { type Operation, runtimeCommands, type ServerState, takeReplies } from "./core/runtime_command.ts";
import { believe, isAsReported, parseServerStates, stateQuestion } from "./core/survey.ts";
import { HoldBack } from "./hold_back.ts";
import type { Clock, ContainerSource, HaproxyControl, Outcome, Reporter } from "./ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** What an Applier is made of. */
export type ApplierParts = {
  readonly haproxy: HaproxyControl;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly source: Pick<ContainerSource, "stopping">;
};

/** The last reload, for status and for the space between two. */
export type LastReload = { readonly at: Date; readonly reasons: readonly string[]; readonly tookMs: number };

/** More sections than this are checked in one question. */
const MANY_SECTIONS = 8;

/** Brings HAProxy from what it has to what is wanted, and knows what it has. */
export class Applier {
  running: Running | undefined;
  lastReload: LastReload | undefined;
  reloads = 0;
  /** A reload is under way: commands wait for its proof, but for those that take servers out. */
  isLoading = false;
  /** When HAProxy last answered what a plan told it, in milliseconds of the clock. */
  answeredAt = 0;
  /** What the last apply was asked for was refused before, as it is, so that nothing was done. */
  #isRefusing = false;
  #onDisk: { readonly desired: Desired; readonly states: States } | undefined;
  #refused: Files | undefined;
  #lastLoadEndedAt = -Infinity;
  #mustReload: string | undefined;
  /** A reload that was asked for, and refused for its content: it is owed until one is done. */
  #owed: string | undefined;
  readonly #holdBack: HoldBack;
  /** How many audits in a row would have HAProxy reloaded. */
  #drifts = 0;
  #firstReason = "the first load by this signalbox";

  constructor(readonly parts: ApplierParts) {
    this.#holdBack = new HoldBack(parts, (reason) => this.forceReload(reason));
  }

  /** The next apply reloads, whatever differs: certificates may, or HAProxy is not as we believed. */
  forceReload(reason: string): void {
    this.#mustReload = reason;
    this.#refused = undefined;
  }

  /** Something that was asked for was refused, and HAProxy goes on without it. */
  get isBehind(): boolean {
    return this.#isRefusing || this.#owed !== undefined;
  }

  /** HAProxy was started anew: it has what the files say, not what it was told since; or nobody knows what. */
  forgetCommands(hasCurrent: boolean): void {
    // Where another signalbox wrote the files, or they are others by now, it is read back.
    this.running = !hasCurrent ? undefined : this.#onDisk && this.running &&
      runningAfterLoad(this.#onDisk.desired, this.#onDisk.states);
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
  ): Promise<{ readonly plan: Plan; readonly outcome: Outcome }> {
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
    const reload: Plan = { kind: "reload", reasons: [trouble] };
    return { plan: reload, outcome: await this.#load(reload.reasons, desired, states, signal) };
  }

  /** Takes servers out at once whose container was told to stop, whatever a pass waits for. */
  holdBack(stopping: ReadonlySet<ContainerId>, wanted: Desired, since?: number): void {
    if (this.running === undefined || !this.parts.haproxy.capabilities.canSetStates) return;
    this.#holdBack.take(this.running, stopping, wanted, since);
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
    if (running === undefined || this.isLoading) return [];
    const isQuiet = this.#holdBack.watch();
    const survey = await haproxy.survey();
    // What was held back meanwhile is no drift.
    if (!isQuiet() || running !== this.running || this.isLoading) return [];
    if (survey === undefined) return [];
    const { told, reloadReason } = believe(running, survey);
    if (reloadReason === undefined) {
      this.#drifts = 0;
      return told;
    }
    // What reloads do not cure is what a user's own template says: they come at ever longer intervals.
    if (!Number.isInteger(Math.log2(++this.#drifts))) return [];
    this.forceReload(reloadReason);
    return told;
  }

  /** An HAProxy that another signalbox has looked after need not be loaded anew, if it can be told what it has. */
  async #readBack(desired: Desired): Promise<void> {
    const { haproxy, report } = this.parts;
    const remains = await haproxy.findRemains();
    if (remains === undefined) return;
    const found = typeof remains === "string" ? remains : readBack(remains, desired, haproxy.capabilities);
    if (typeof found === "string") {
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
    if (this.#mustReload !== undefined) return { kind: "reload", reasons: [this.#mustReload] };
    const { running } = this;
    const plan: Plan = running === undefined
      ? { kind: "reload", reasons: [this.#firstReason] }
      : planChange(running, desired, states, this.parts.haproxy.capabilities);
    this.#isRefusing = plan.kind === "reload" && isSameFiles(this.#refused, desired.files);
    return this.#isRefusing ? { kind: "nothing" } : plan;
  }

  async #keep(
    desired: Desired,
    states: States,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (this.running !== undefined && isSameFiles(this.running.files, desired.files)) {
      if (this.#onDisk !== undefined) this.#onDisk = { desired, states: this.#onDisk.states };
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
    const touched = sectionsOf(operations);
    // What HAProxy has then is asked in the same breath.
    const questions = touched.length > MANY_SECTIONS ? [stateQuestion()] : touched.map(stateQuestion);
    const replies = [...await this.parts.haproxy.send([...lines, ...questions])];
    this.answeredAt = this.parts.clock.now();
    for (const { operation, reply, said } of takeReplies(operations, replies)) {
      if (reply === "diverged") return said;
      noteOperation(running, operation, reply === "done");
    }
    noteBindings(running, desired);
    const reported = Map.groupBy(replies.flatMap(parseServerStates), (server) => server.section);
    const strange = touched.find((name) => {
      const section = running.sections.get(name);
      const servers = reported.get(name) ?? [];
      // A backend that was deleted with its servers has none.
      return section === undefined ? servers.length > 0 : !isAsReported(section, servers);
    });
    // What was held back meanwhile changed what HAProxy reports; the audit looks again.
    if (strange === undefined || !isQuiet()) return undefined;
    return `the servers of ${strange} are not as they should be`;
  }

  async #load(
    reasons: readonly string[],
    desired: Desired,
    wanted: States,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { clock, haproxy } = this.parts;
    // Reloads cost CPU and leave an old worker behind: after one, as much time passes as it took.
    const pauseMs = this.#lastLoadEndedAt + (this.lastReload?.tookMs ?? 0) - clock.now();
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    const states = this.#withhold(desired, wanted);
    const startedAt = clock.now();
    this.isLoading = true;
    // What is asked for from now on is not done by this load: a certificate may have been read already.
    const asked = this.#mustReload;
    this.#mustReload = undefined;
    const outcome = await haproxy.load(desired, states, signal).catch((error) => {
      this.#mustReload ??= asked;
      throw error;
    }).finally(() => this.isLoading = false);
    this.#lastLoadEndedAt = clock.now();
    if (outcome.kind === "applied") {
      this.running = runningAfterLoad(desired, states);
      this.#onDisk = { desired, states };
      this.#refused = undefined;
      this.#owed = undefined;
      this.reloads++;
      this.lastReload = { at: new Date(), reasons, tookMs: this.#lastLoadEndedAt - startedAt };
    } else if (outcome.stage === "check") {
      // What was refused for its content will be refused again; what could not be written may work the next time.
      this.#refused = desired.files;
      this.#owed ??= asked;
    } else this.#mustReload ??= asked;
    return outcome;
  }

  /** Lets what was refused be tried again: what the files name, such as a certificate, may have been mended. */
  retryRefused(): void {
    this.#refused = undefined;
    this.#mustReload ??= this.#owed;
  }
}

/** The sections whose servers the operations change. */
const sectionsOf = (operations: readonly Operation[]): string[] => [
  ...new Set(operations.flatMap((operation) => "server" in operation ? [operation.section] : [])),
];

function isSameFiles(a: Files | undefined, b: Files): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([name, text]) => a.get(name) === text);
}
