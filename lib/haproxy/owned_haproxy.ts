import type { ServerName } from "../core/values/names.ts";
import { type Capabilities, capabilitiesOf } from "../core/plan/plan.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { Remains } from "../core/plan/read_back.ts";
import type { Desired } from "../core/config/render.ts";
import { parseServerStates, parseSurvey, stateQuestion, surveyQuestions } from "../core/state/survey.ts";
import type { ReportedServer, Survey } from "../core/state/survey.ts";
import type { TableName } from "../core/values/table.ts";
import type { HaproxyStatus } from "../core/status/status.ts";
import { type ProcessEvent, type ProcessState, SUPERVISION } from "../core/policy/supervise.ts";
import type { Templates } from "../core/config/templates.ts";
import type { Clock, Generation, HaproxyControl, Outcome, Reporter } from "../ports.ts";
import { AccessLog } from "./socket/access_log.ts";
import { AdoptedMaster } from "./process/adopted_master.ts";
import { CommandSocket, OtherWorkerError } from "./socket/command_socket.ts";
import { ConfigWriter, describeGeneration, type WriterSettings } from "./files/config_writer.ts";
import { CutOff } from "./process/cut_off.ts";
import { GenerationStore } from "./files/generation_store.ts";
import { HaproxyOutput } from "./process/output.ts";
import { HaproxyProcess, masterArguments } from "./process/process.ts";
import type { HaproxyProgram } from "./process/program.ts";
import { collectRemains } from "./files/remains.ts";
import { askReload, proveLoaded } from "./process/reload_proof.ts";
import { Restarts } from "./process/restarts.ts";
import { Traces } from "./process/traces.ts";
import { describeRunning, findNext, findRunning, loadedNumber, versionOf } from "./socket/worker.ts";
import type { WorkerInfo } from "./socket/worker.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** What the owned HAProxy is run with. */
export type OwnedSettings = Omit<WriterSettings, "program" | "socket"> & {
  readonly program: HaproxyProgram;
  readonly stateDir: string;
  readonly addBackends: boolean;
};

/** The haproxy that signalbox started, or found running in its state directory and took over. */
export class OwnedHaproxy implements HaproxyControl {
  readonly store: GenerationStore;
  readonly socket: string;
  readonly #masterSocket: string;
  readonly #writer: ConfigWriter;
  readonly #accessLog: AccessLog;
  readonly #output: HaproxyOutput;
  readonly #commands: CommandSocket;
  readonly #cutOff: CutOff;
  readonly #restarts: Restarts;
  readonly #traces: Traces;
  readonly #ending = new AbortController();
  #state: ProcessState = "absent";
  #process: HaproxyProcess | undefined;
  #adopted: AdoptedMaster | undefined;
  #worker: WorkerInfo | undefined;
  #isLoading = false;
  /** The servers of the last survey; of which files that are only kept learn whose check has failed. */
  #reported: readonly ReportedServer[] = [];

  constructor(
    readonly settings: OwnedSettings,
    readonly templates: Templates,
    readonly clock: Clock,
    readonly report: Reporter,
    /** Called when a worker serves that the caller did not ask for: after a crash it has the files that are current. */
    readonly onRestart: (hasCurrent: boolean) => void,
  ) {
    this.store = new GenerationStore(settings.stateDir);
    this.socket = `${settings.stateDir}/haproxy.sock`;
    this.#masterSocket = `${settings.stateDir}/master.sock`;
    const writing = { ...settings, program: settings.program.path, socket: this.socket };
    this.#writer = new ConfigWriter(this.store, writing, templates, report);
    this.#commands = new CommandSocket(this.socket);
    this.#output = new HaproxyOutput(report);
    this.#restarts = new Restarts(clock);
    this.#cutOff = new CutOff([this.#masterSocket, this.socket], clock, report, this.#end);
    this.#traces = new Traces([this.socket, this.#masterSocket], settings, report);
    this.#accessLog = new AccessLog(settings, clock, report);
  }

  /** Prepares the state directory, and takes over an HAProxy of ours that still runs there. */
  async open(): Promise<void> {
    const { master, worker } = await findRunning(this.#masterSocket, this.socket, this.clock);
    await this.store.open(this.#holdLoaded(worker));
    if (master === undefined || worker === undefined) return;
    this.#adopted = new AdoptedMaster(master.masterPid, this.#masterSocket, this.socket, this.clock);
    this.#worker = worker;
    this.#state = "serving";
    this.#traces.tell(master.masterPid);
    this.report.tell({ kind: "adopted", pid: master.masterPid, version: worker.version });
    void this.#accessLog.adopt(worker.pid);
    void this.#adopted.ended(() => this.#isLoading, this.#ending.signal).then((hasEnded) => {
      if (hasEnded) this.#onExit("it was taken over, and how it ended is not known");
    });
  }

  /** What the HAProxy that serves can do at run time. */
  get capabilities(): Capabilities {
    return capabilitiesOf(versionOf(this.#worker), this.settings.addBackends);
  }

  async describe(): Promise<HaproxyStatus> {
    const pid = this.#process?.pid ?? this.#adopted?.pid;
    const running = await describeRunning(this.#masterSocket, this.socket, pid, this.clock);
    return { ...running, failures: this.#restarts.failures, accessLog: this.#accessLog.counts };
  }

  async load(desired: Desired, states: States, signal: AbortSignal): Promise<Outcome> {
    const before = await this.store.findCurrent();
    // Servers whose check has failed must not be up again because of a reload; without an answer, none is known.
    const written = this.#writer.write(desired, states, await this.reportServers().catch(() => []));
    if (!written.ok) return written.outcome;
    const { generation } = written;
    const checked = await this.#writer.check(generation, this.#state === "serving" ? before : undefined);
    if (checked.kind === "rejected") return checked;
    this.store.beginLoading();
    this.store.promote(generation);
    const outcome = await this.#loadCurrent(generation, signal);
    // Nobody waited for the end of it: the signalbox that comes next finds that out.
    if (outcome.kind === "rejected" && signal.aborted) return outcome;
    // A restart must find the files that HAProxy has, not those that it refused.
    if (outcome.kind === "rejected" && before !== undefined) this.store.promote(before);
    this.store.endLoading();
    if (outcome.kind === "rejected") await this.store.discard(generation);
    else await this.#writer.copy(desired.files);
    return outcome;
  }

  check = (desired: Desired): Promise<Outcome> => this.#writer.tryOut(desired);

  async keep(desired: Desired, states: States): Promise<Outcome> {
    const written = this.#writer.write(desired, states, this.#reported);
    if (!written.ok) return written.outcome;
    this.store.promote(written.generation);
    await this.#writer.copy(desired.files);
    return { kind: "applied" };
  }

  keepStates: HaproxyControl["keepStates"] = (desired, states, reported = this.#reported) =>
    this.#writer.refreshStates(desired, states, reported);

  async startLast(signal: AbortSignal): Promise<boolean> {
    if (this.#state !== "absent") return true;
    const current = await this.store.findCurrent();
    if (current !== undefined) this.#writer.releaseServers(current);
    return current !== undefined && (await this.#loadCurrent(current, signal)).kind === "applied";
  }

  async reportServers(section?: string): Promise<readonly ReportedServer[]> {
    if (this.#worker === undefined) return [];
    const [reply = ""] = await this.send([stateQuestion(section)]);
    return parseServerStates(reply);
  }

  async survey(tables: readonly TableName[]): Promise<Survey | undefined> {
    if (this.#worker === undefined) return undefined;
    const survey = parseSurvey(tables, await this.send(surveyQuestions(tables)));
    this.#reported = survey.servers;
    return survey;
  }

  async findRemains(tables: readonly TableName[]): Promise<Remains | string | undefined> {
    const worker = this.#worker;
    if (worker === undefined || this.#state !== "serving") return undefined;
    const remains = await collectRemains({
      worker,
      writer: this.#writer,
      programVersion: this.settings.program.text,
      survey: async () => parseSurvey(tables, await this.send(surveyQuestions(tables))),
    });
    if (typeof remains !== "string") await this.#writer.copy(remains.current);
    return remains;
  }

  /** While a load is under way, whoever serves is meant; else the worker that has proved to be there. */
  async send(commands: readonly string[]): Promise<readonly string[]> {
    try {
      const replies = await this.#commands.send(commands, this.#isLoading ? undefined : this.#worker?.pid);
      this.#cutOff.heard();
      return replies;
    } catch (error) {
      if (error instanceof OtherWorkerError) await this.#acceptWorker();
      else if (this.#state === "serving" && !this.#isLoading) await this.#cutOff.silent();
      throw error;
    }
  }

  /** Someone else had HAProxy reloaded: it has what was current then. One that is slow to leave has an older one. */
  async #acceptWorker(): Promise<void> {
    const worker = await findNext(this.socket, this.#worker);
    if (worker === undefined || this.#isLoading) return;
    this.#take(worker);
    this.onRestart(false);
  }

  expectCommands = (): void => this.#isLoading ? undefined : this.#commands.openAhead();

  async stop(limitMs: number): Promise<void> {
    this.#step("end");
    this.#accessLog.finish();
    this.leave();
    await Promise.all([this.#end(limitMs), this.store.settled()]);
    await this.#accessLog.drain();
    await this.#traces.remove();
  }

  #end = (ms: number) => Promise.all([this.#process?.stop(ms, this.clock), this.#adopted?.stop(ms)]);

  /** Stops to look after HAProxy, which goes on: another signalbox takes it over. */
  leave(): void {
    this.#ending.abort();
    this.#commands.close();
    this.#accessLog.leave();
  }

  async #loadCurrent(generation: Generation, signal: AbortSignal): Promise<Outcome> {
    this.#output.clear();
    this.#commands.close();
    this.#isLoading = true;
    try {
      if (this.#state === "serving") {
        if (await this.#cutOff.end(false)) return await this.#refused("HAProxy could not be asked");
        if (!await askReload(this.#masterSocket)) return await this.#refused("HAProxy refused to load it");
      } else this.#step("start");
      if (await this.#prove(generation, signal)) return { kind: "applied" };
      if (this.#state === "serving") await this.#cutOff.end(true);
      return await this.#refused("HAProxy did not take it up");
    } finally {
      this.#isLoading = false;
    }
  }

  #refused = async (what: string) =>
    ({ kind: "rejected", stage: "load", detail: await this.#output.explain(what, this.clock) }) as const;

  /** Waits until a worker answers that has loaded the generation; false when it ended or took too long. */
  async #prove(generation: Generation, signal: AbortSignal): Promise<boolean> {
    const proving = {
      socket: this.socket,
      masterSocket: this.#masterSocket,
      clock: this.clock,
      output: this.#output,
      isReload: this.#isLoading,
      before: this.#worker,
      isAlive: () => this.#state === "serving" || this.#state === "starting",
    };
    const worker = await proveLoaded(describeGeneration(generation), proving, signal);
    if (worker === undefined) return false;
    this.#take(worker);
    this.#restarts.noteServing();
    this.#traces.serves(this.#process?.pid ?? this.#adopted?.pid);
    this.#step("proved");
    return true;
  }

  #take(worker: WorkerInfo): void {
    this.#holdLoaded(this.#worker = worker);
    this.#accessLog.follow(worker.pid);
  }

  /** Keeps the files that a worker has loaded; answers with their number. */
  #holdLoaded(worker: WorkerInfo | undefined): number {
    this.store.hold(this.store.find(loadedNumber(worker)));
    return loadedNumber(worker);
  }

  #step(event: ProcessEvent): void {
    const step = SUPERVISION[this.#state][event];
    this.#state = step.next;
    if (step.command === "spawn") this.#spawn();
    if (step.command === "delay") void this.#restartLater();
  }

  #spawn(): void {
    const { path, text: version } = this.settings.program;
    const process = this.#process = new HaproxyProcess({
      program: path,
      args: masterArguments(this.#masterSocket, this.store.current),
      onLine: (severity, line) => this.#output.take(severity, line),
    });
    const { pid } = process;
    if (pid !== undefined) this.report.tell({ kind: "haproxy-started", pid, version });
    void process.exited.then((how) => this.#process === process && this.#onExit(how));
  }

  #onExit(how: string): void {
    this.#process = this.#adopted = this.#worker = undefined;
    if (this.#state !== "ending") this.report.tell({ kind: "haproxy-lost", how });
    this.#restarts.noteExit();
    this.#step("exited");
  }

  async #restartLater(): Promise<void> {
    if (!await this.#restarts.wait(this.#ending.signal)) return;
    const current = await this.store.findCurrent();
    if (current === undefined || this.#state !== "waiting") return;
    this.#step("due");
    if (await this.#prove(current, this.#ending.signal)) this.onRestart(true);
  }
}
