/** An HAProxy in memory, which does what it is told: all that the loop and the applying can know of a real one. */
import type { Desired, Files } from "../../lib/core/config/render.ts";
import type { Capabilities } from "../../lib/core/plan/capabilities.ts";
import type { Remains } from "../../lib/core/plan/read_back.ts";
import type { ServerState } from "../../lib/core/runtime/operation.ts";
import type { ReportedServer, Survey } from "../../lib/core/state/survey.ts";
import { parseServerStates, parseSurvey, surveyQuestions } from "../../lib/core/state/survey.ts";
import type { HaproxyStatus } from "../../lib/core/status/status.ts";
import type { ServerName } from "../../lib/core/values/names.ts";
import type { TableName } from "../../lib/core/values/table.ts";
import type { HaproxyControl, HaproxyEvent, Outcome } from "../../lib/ports.ts";
import { MemoryWorker } from "./memory_worker.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** A set of files with the states of its servers. */
type FilesAndStates = { readonly desired: Desired; readonly states: States };

/** A load that was asked for. */
export type MemoryLoad = FilesAndStates & {
  /** The hosts that it brings, in their order. */
  readonly hosts: string;
  /** Ends it; HAProxy has what it brings if that is `applied`, as it is unless said. */
  readonly end: (outcome?: Outcome) => void;
};

const APPLIED: Outcome = { kind: "applied" };

/** The fake that stands for HAProxy: its worker has servers and tables, and each load brings another worker. */
export class MemoryHaproxy implements HaproxyControl {
  capabilities: Capabilities = { canAddServers: true, canAddBackends: false, canSetStates: true };
  worker = new MemoryWorker();
  /** Nobody can speak to it. */
  isDeaf = false;
  /** The lines that it was sent, in order; what it was asked by surveys is not among them. */
  readonly sent: string[] = [];
  readonly loads: MemoryLoad[] = [];
  readonly checks: Desired[] = [];
  /** What becomes of a load; each ends well at once unless said. */
  onLoad: (load: MemoryLoad) => void = ({ end }) => end();
  /** Hears each line before HAProxy does: it may change the worker, or answer in its place. */
  onLine: (line: string) => string | undefined = () => undefined;
  /** What `haproxy -c` says of files. */
  onCheck: (desired: Desired) => Outcome = () => APPLIED;
  /** The files that are current: HAProxy starts from them. */
  current: FilesAndStates | undefined;
  #loaded: Files | undefined;
  #tell: (event: HaproxyEvent) => void = () => undefined;

  /** The lines that it was sent since this was asked last. */
  takeSent(): string[] {
    return this.sent.splice(0);
  }

  /** It crashed, and serves again with the files that are current. */
  restart(): void {
    if (this.current !== undefined) this.#begin(this.current);
    this.#tell({ kind: "restarted" });
  }

  follow(onEvent: (event: HaproxyEvent) => void, signal: AbortSignal): void {
    this.#tell = onEvent;
    signal.addEventListener("abort", () => this.#tell = () => undefined, { once: true });
  }

  load(desired: Desired, states: States): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const end = (outcome = APPLIED) => {
      if (outcome.kind === "applied") this.#begin(this.current = { desired, states });
      resolve(outcome);
    };
    const load = { desired, states, hosts: desired.model.backends.map(({ host }) => host).join(" "), end };
    this.loads.push(load);
    this.onLoad(load);
    return promise;
  }

  check(desired: Desired): Promise<Outcome> {
    this.checks.push(desired);
    return Promise.resolve(this.onCheck(desired));
  }

  keep(desired: Desired, states: States): Promise<Outcome> {
    this.current = { desired, states };
    return Promise.resolve(APPLIED);
  }

  keepStates(desired: Desired, states: States): Promise<void> {
    this.current = { desired, states };
    return Promise.resolve();
  }

  startLast(): Promise<boolean> {
    return Promise.resolve(false);
  }

  loadedConfig(): Promise<string | undefined> {
    return Promise.resolve(this.#loaded?.get("haproxy.cfg"));
  }

  expectCommands(): void {}

  async send(lines: readonly string[]): Promise<readonly string[]> {
    await this.#hear();
    this.sent.push(...lines);
    return lines.map((line) => this.onLine(line) ?? this.worker.answer(line));
  }

  async reportServers(section?: string): Promise<readonly ReportedServer[]> {
    await this.#hear();
    return parseServerStates(this.worker.answer(`show servers state ${section ?? ""}`.trim()));
  }

  async survey(tables: readonly TableName[]): Promise<Survey | undefined> {
    await this.#hear();
    return parseSurvey(tables, surveyQuestions(tables).map((line) => this.worker.answer(line)));
  }

  async findRemains(tables: readonly TableName[]): Promise<Remains | undefined> {
    const loaded = this.#loaded?.get("haproxy.cfg");
    if (loaded === undefined || this.current === undefined || !this.capabilities.canSetStates) {
      return undefined;
    }
    const survey = await this.survey(tables);
    const certificates = new Map();
    return survey && { loaded, current: this.current.desired.files, survey, certificates };
  }

  describe(): Promise<HaproxyStatus> {
    return Promise.resolve({
      isServing: this.#loaded !== undefined,
      version: undefined,
      pid: undefined,
      uptimeSeconds: undefined,
      oldWorkers: 0,
      oldestWorkerSeconds: 0,
      failures: 0,
    });
  }

  leave(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #begin({ desired, states }: FilesAndStates): void {
    this.#loaded = desired.files;
    this.worker = MemoryWorker.of(desired, states);
  }

  #hear(): Promise<void> {
    return this.isDeaf ? Promise.reject(new Error("HAProxy does not answer")) : Promise.resolve();
  }
}
