import type { Desired } from "../core/config/render.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { ReportedServer } from "../core/state/survey.ts";
import type { ServerName } from "../core/values/names.ts";
import type { Clock, Generation, Outcome } from "../ports.ts";
import { type ConfigWriter, describeGeneration } from "./files/config_writer.ts";
import type { GenerationStore } from "./files/generation_store.ts";
import type { CutOff } from "./process/cut_off.ts";
import type { HaproxyOutput } from "./process/output.ts";
import { askReload, LOAD_LIMIT_MS, proveLoaded, type ReloadAnswer } from "./process/reload_proof.ts";
import { findStarted } from "./process/started_worker.ts";
import type { Supervisor } from "./process/supervisor.ts";
import type { Traces } from "./files/traces.ts";
import type { ServingWorker } from "./serving_worker.ts";
import type { WorkerInfo } from "./socket/worker.ts";
import type { CommandSocket } from "./socket/command_socket.ts";

/** What a load works with. */
export type LoadParts = {
  readonly socket: string;
  readonly masterSocket: string;
  readonly store: GenerationStore;
  readonly writer: ConfigWriter;
  readonly output: HaproxyOutput;
  readonly supervisor: Supervisor;
  readonly worker: ServingWorker;
  readonly commandSocket: CommandSocket;
  readonly cutOff: CutOff;
  readonly traces: Traces;
  readonly clock: Clock;
  /** HAProxy started by itself, and a worker serves, with the current files or others. */
  readonly onRestarted: (hasCurrent: boolean) => void;
};

/** Brings generations into HAProxy: by a start where it does not run, by a reload where it does. */
export class GenerationLoader {
  #isLoading = false;

  constructor(readonly parts: LoadParts) {}

  /** Whether a load is under way: until it is done, any worker may answer. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Writes, checks and loads the files; servers that were `reported` as failed stay down. */
  async load(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    reported: readonly ReportedServer[],
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { store, writer, supervisor } = this.parts;
    const before = store.findCurrent();
    const written = writer.write(desired, states, reported);
    if (!written.ok) return written.outcome;
    const { generation } = written;
    // The current files may have fewer listeners than HAProxy, which keeps a port that nobody has any more.
    const served = supervisor.state === "serving" ? store.held ?? before?.folder : undefined;
    const checked = await writer.check(generation, served, true);
    if (checked.kind === "rejected") return checked;
    store.beginLoading();
    store.promote(generation);
    const outcome = await this.loadCurrent(generation, signal);
    // signalbox ends, and did not wait for the load: the next one finds out how it went.
    if (outcome.kind === "rejected" && signal.aborted) return outcome;
    // A restart must find the files that HAProxy has, not those that it refused.
    if (outcome.kind === "rejected" && before !== undefined) store.promote(before);
    store.endLoading();
    if (outcome.kind === "rejected") await store.discard(generation);
    else await writer.copy(desired);
    return outcome;
  }

  /** Loads the generation that is current. */
  async loadCurrent(generation: Generation, signal: AbortSignal): Promise<Outcome> {
    const { supervisor, output, commandSocket, cutOff, masterSocket, clock } = this.parts;
    this.#isLoading = true;
    try {
      if (supervisor.state === "starting") {
        // It may have read the files of before: only a reload brings these then.
        if (await this.#finishStart(generation, signal)) return { kind: "applied" };
        if (supervisor.state === "starting") return await this.#refused("HAProxy does not start");
      }
      output.clear();
      commandSocket.close();
      let reload: ReloadAnswer | undefined;
      if (supervisor.state === "serving") {
        if (await cutOff.end(false)) return await this.#refused("HAProxy could not be asked");
        reload = await askReload(masterSocket, clock);
        if (reload === "refused") return await this.#refused("HAProxy refused to load it");
      } else supervisor.start();
      if (await this.#prove(generation, signal, reload)) return { kind: "applied" };
      if (supervisor.state === "serving") await cutOff.end(true);
      return await this.#refused("HAProxy did not take it up");
    } finally {
      this.#isLoading = false;
    }
  }

  /** Waits until a worker serves after a start that no load asked for. A load that begins meanwhile waits in its place. */
  async followRestart(signal: AbortSignal): Promise<void> {
    const worker = await this.#findStarted(Infinity, () => !this.#isLoading, signal);
    if (worker === undefined) return;
    this.#takeUp(worker);
    // Files may have become current since HAProxy read its own.
    const current = this.parts.store.findCurrent();
    this.parts.onRestarted(current !== undefined && worker.description === describeGeneration(current));
  }

  /** Waits for a start that is under way; answers with whether it has loaded the generation. */
  async #finishStart(generation: Generation, signal: AbortSignal): Promise<boolean> {
    const worker = await this.#findStarted(LOAD_LIMIT_MS, () => true, signal);
    if (worker === undefined) return false;
    this.#takeUp(worker);
    if (worker.description === describeGeneration(generation)) return true;
    this.parts.onRestarted(false);
    return false;
  }

  #findStarted(
    limitMs: number,
    isWaiting: () => boolean,
    signal: AbortSignal,
  ): Promise<WorkerInfo | undefined> {
    const { supervisor } = this.parts;
    const isStarting = () => supervisor.state === "starting" && isWaiting();
    return findStarted({ ...this.parts, limitMs, isStarting }, signal);
  }

  #takeUp(worker: WorkerInfo): void {
    const { supervisor, traces } = this.parts;
    this.parts.worker.take(worker);
    traces.serves(supervisor.pid);
    supervisor.noteServing();
  }

  /**
   * Waits until a worker answers that has loaded the generation; false when HAProxy ended or took too long. `reload` is
   * what the master answered to a reload.
   */
  async #prove(generation: Generation, signal: AbortSignal, reload?: ReloadAnswer): Promise<boolean> {
    const { supervisor } = this.parts;
    const proving = {
      ...this.parts,
      reload,
      before: this.parts.worker.info,
      isAlive: () => supervisor.state === "serving" || supervisor.state === "starting",
    };
    const worker = await proveLoaded(describeGeneration(generation), proving, signal);
    if (worker === undefined) return false;
    this.#takeUp(worker);
    return true;
  }

  async #refused(what: string): Promise<Outcome> {
    const detail = await this.parts.output.explain(what, this.parts.clock);
    return { kind: "rejected", stage: "load", detail };
  }
}
