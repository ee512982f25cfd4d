import type { Desired } from "../core/config/render.ts";
import type { Templates } from "../core/config/templates.ts";
import { type Capabilities, capabilitiesOf } from "../core/plan/capabilities.ts";
import type { Remains } from "../core/plan/read_back.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import { parseStatistics, type Statistics, STATISTICS_QUESTION } from "../core/runtime/statistics.ts";
import type { ReportedServer, Survey } from "../core/state/survey.ts";
import type { HaproxyStatus } from "../core/status/status.ts";
import type { ServerName } from "../core/values/names.ts";
import type { CertificateFile } from "../core/certificates/choose.ts";
import type { TableName } from "../core/values/table.ts";
import type { HaproxyControl, HaproxyEvent, Outcome } from "../ports.ts";
import type { GenerationStore } from "./files/generation_store.ts";
import { collectRemains } from "./files/remains.ts";
import { assembleOwned, type OwnedParts, type OwnedSettings, type OwnedWorld } from "./owned_parts.ts";
import { holdLoaded } from "./serving_worker.ts";
import { ask } from "./socket/cli_socket.ts";
import { describeRunning, findRunning, versionOf } from "./socket/worker.ts";

/** The HAProxy that signalbox started, or found running in its state directory and adopted. */
export class OwnedHaproxy implements HaproxyControl {
  readonly #parts: OwnedParts;
  #onEvent: (event: HaproxyEvent) => void = () => undefined;
  /** The servers of the last survey: files that are only kept take failed checks from it. */
  #reported: readonly ReportedServer[] = [];

  constructor(
    readonly settings: OwnedSettings,
    readonly templates: Templates,
    world: OwnedWorld,
  ) {
    this.#parts = assembleOwned(settings, templates, world, (event) => this.#onEvent(event));
  }

  /** The sets of files. */
  get store(): GenerationStore {
    return this.#parts.store;
  }

  /** The socket of the worker that serves. */
  get socket(): string {
    return this.#parts.socket;
  }

  /** Prepares the state directory, and adopts an HAProxy of ours that still runs there; answers with whether one did. */
  async open(): Promise<boolean> {
    const { masterSocket, socket, clock, store, traces, report, supervisor } = this.#parts;
    const { master, worker } = await findRunning(masterSocket, socket, clock);
    await store.open(holdLoaded(store, worker));
    if (master === undefined || worker === undefined) return false;
    traces.tell(master.masterPid);
    report.tell({ kind: "adopted", pid: master.masterPid, version: worker.version });
    this.#parts.worker.adopt(worker);
    supervisor.adopt(master.masterPid);
    return true;
  }

  follow(onEvent: (event: HaproxyEvent) => void, signal: AbortSignal): void {
    this.#onEvent = onEvent;
    signal.addEventListener("abort", () => this.#onEvent = () => undefined, { once: true });
  }

  get capabilities(): Capabilities {
    return capabilitiesOf(versionOf(this.#parts.worker.info), this.settings.addBackends);
  }

  async describe(): Promise<HaproxyStatus> {
    const { masterSocket, socket, clock, supervisor, accessLog } = this.#parts;
    const running = await describeRunning(masterSocket, socket, supervisor.pid, clock);
    return { ...running, failures: supervisor.failures, accessLog: accessLog.counts };
  }

  async load(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    // A reload must not bring servers up whose check has failed. Without an answer, no failed check is known.
    const reported = await this.reportServers().catch(() => []);
    return await this.#parts.loader.load(desired, states, reported, signal);
  }

  check(desired: Desired): Promise<Outcome> {
    return this.#parts.writer.tryOut(desired);
  }

  async keep(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): Promise<Outcome> {
    const { writer, store } = this.#parts;
    const written = writer.write(desired, states, this.#reported);
    if (!written.ok) return written.outcome;
    store.promote(written.generation);
    await writer.copy(desired);
    return { kind: "applied" };
  }

  async keepStates(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    reported = this.#reported,
  ): Promise<void> {
    await this.#parts.writer.refreshStates(desired, states, reported);
  }

  async startLast(signal: AbortSignal): Promise<boolean> {
    const { supervisor, store, writer, loader } = this.#parts;
    if (supervisor.state !== "absent") return true;
    const current = store.findCurrent();
    if (current === undefined) return false;
    writer.releaseServers(current);
    return (await loader.loadCurrent(current, signal)).kind === "applied";
  }

  reportServers(section?: string): Promise<readonly ReportedServer[]> {
    return this.#parts.commands.reportServers(section);
  }

  /** What it counts; throws SocketError where it does not answer. */
  async statistics(): Promise<Statistics> {
    const { socket, clock } = this.#parts;
    return parseStatistics(await ask(socket, STATISTICS_QUESTION, clock));
  }

  async survey(
    tables: readonly TableName[],
    certificates: readonly CertificateFile[] = [],
  ): Promise<Survey | undefined> {
    if (this.#parts.worker.info === undefined) return undefined;
    const survey = await this.#parts.commands.survey(tables, certificates);
    this.#reported = survey.servers;
    return survey;
  }

  async findRemains(tables: readonly TableName[]): Promise<Remains | string | undefined> {
    const { supervisor, writer, commands, worker: { info: worker } } = this.#parts;
    if (worker === undefined || supervisor.state !== "serving") return undefined;
    const programVersion = this.settings.program.text;
    const survey = (certificates: readonly CertificateFile[]) => commands.survey(tables, certificates);
    const remains = await collectRemains({ worker, writer, programVersion, survey });
    if (typeof remains !== "string") await writer.copy({ files: remains.current });
    return remains;
  }

  async loadedConfig(): Promise<string | undefined> {
    const { store, supervisor } = this.#parts;
    const folder = supervisor.state === "serving" ? store.held : undefined;
    return folder === undefined
      ? undefined
      : await Deno.readTextFile(`${folder}/haproxy.cfg`).catch(() => undefined);
  }

  send(commands: readonly string[]): Promise<readonly string[]> {
    return this.#parts.commands.send(commands);
  }

  expectCommands(): void {
    this.#parts.commands.expect();
  }

  async stop(limitMs: number): Promise<void> {
    const { accessLog, commandSocket, supervisor, store, traces } = this.#parts;
    accessLog.finish();
    commandSocket.close();
    await Promise.all([supervisor.end(limitMs), store.settled()]);
    await accessLog.drain();
    await traces.remove();
  }

  leave(): void {
    const { supervisor, commandSocket, accessLog } = this.#parts;
    supervisor.leave();
    commandSocket.close();
    accessLog.leave();
  }
}
