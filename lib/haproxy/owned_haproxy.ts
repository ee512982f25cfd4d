import { isAtLeast } from "../core/backend_option.ts";
import { type Backoff, backoffMs } from "../core/backoff.ts";
import type { ServerName } from "../core/names.ts";
import type { Capabilities, ServerState } from "../core/plan.ts";
import { type ProcessSettings, renderProcessConfig } from "../core/process_config.ts";
import type { Desired, Files } from "../core/render.ts";
import { parseServerStates, renderServerStates, type ReportedServer } from "../core/server_state.ts";
import { type ProcessEvent, type ProcessState, SUPERVISION } from "../core/supervise.ts";
import type { Templates } from "../core/templates.ts";
import type { Clock, Generation, HaproxyControl, Outcome, Reporter } from "../ports.ts";
import { readAccessLog } from "./access_log.ts";
import { ask } from "./cli_socket.ts";
import { sendCommands } from "./command_session.ts";
import { copyFiles, GenerationStore } from "./generation_store.ts";
import { HaproxyProcess } from "./process.ts";
import { checkConfig, type HaproxyProgram } from "./program.ts";
import { askMaster, askWorker, type WorkerInfo } from "./worker.ts";

/** What the owned HAProxy is run with. */
export type OwnedSettings = {
  readonly program: HaproxyProgram;
  readonly stateDir: string;
  readonly pidFile: string;
  /** A copy of the applied files for people; `undefined` for none. */
  readonly configCopy: string | undefined;
  readonly process: Pick<ProcessSettings, "user" | "group" | "chroot" | "syslog">;
  readonly env: Readonly<Record<string, string>>;
};

const RESTART: Backoff = { firstMs: 200, mostMs: 10_000 };
/** How long a worker may take to load a config; 10,000 backends take half a second on an idle machine. */
const LOAD_LIMIT_MS = 15_000;
/** How often a starting worker is asked whether it is there, in milliseconds; one question takes 0.2. */
const PROOF_INTERVAL_MS = 2;

/** The haproxy that signalbox started, or found running in its state directory and took over. */
export class OwnedHaproxy implements HaproxyControl {
  readonly store: GenerationStore;
  readonly socket: string;
  readonly #masterSocket: string;
  #state: ProcessState = "absent";
  #process: HaproxyProcess | undefined;
  #adoptedPid: number | undefined;
  #worker: WorkerInfo | undefined;
  #failures = 0;
  #lines: string[] = [];
  #ending = new AbortController();
  #logStreams = new Set<AbortController>();

  constructor(
    readonly settings: OwnedSettings,
    readonly templates: Templates,
    readonly clock: Clock,
    readonly report: Reporter,
    /** Called when a new process serves that the caller did not ask for: after a crash. */
    readonly onRestart: () => void,
  ) {
    this.store = new GenerationStore(settings.stateDir);
    this.socket = `${settings.stateDir}/haproxy.sock`;
    this.#masterSocket = `${settings.stateDir}/master.sock`;
  }

  /** Prepares the state directory, and takes over an HAProxy of ours that still runs there. */
  async open(): Promise<void> {
    await this.store.open();
    const master = await askMaster(this.#masterSocket);
    const worker = await askWorker(this.socket);
    if (master === undefined || worker === undefined) return;
    this.#adoptedPid = master.masterPid;
    this.#worker = worker;
    this.#state = "serving";
    this.report.info("took over the running HAProxy", { pid: master.masterPid, version: worker.version });
    this.#followLog(false);
  }

  /** What the HAProxy that serves can do at run time; servers can be added from 2.6 on. */
  get capabilities(): Capabilities {
    const [major = 0, minor = 0] = (this.#worker?.version ?? "").split(".").map(Number);
    return { canAddServers: isAtLeast([major, minor], [2, 6]) };
  }

  /** Who serves now: for status. */
  get worker(): WorkerInfo | undefined {
    return this.#worker;
  }

  async load(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const before = await this.store.findCurrent();
    const written = await this.#writeChecked(desired, states);
    if ("kind" in written) return written;
    await this.store.promote(written);
    const started = this.clock.now();
    const outcome = await this.#loadCurrent(written, signal);
    if (outcome.kind === "rejected") {
      // A restart must find the files that HAProxy has, not those that it refused.
      if (before !== undefined) await this.store.promote(before).catch(() => undefined);
      await this.store.discard(written);
      return outcome;
    }
    this.report.debug("HAProxy serves the new files", {
      generation: written.number,
      tookMs: Math.round(this.clock.now() - started),
    });
    await this.#copy(desired.files);
    return outcome;
  }

  async keep(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): Promise<Outcome> {
    const written = await this.#write(desired, states);
    if ("kind" in written) return written;
    await this.store.promote(written);
    await this.#copy(desired.files);
    return { kind: "applied" };
  }

  async startLast(signal: AbortSignal): Promise<boolean> {
    if (this.#state !== "absent") return true;
    const current = await this.store.findCurrent();
    return current !== undefined && (await this.#loadCurrent(current, signal)).kind === "applied";
  }

  async reportServers(section?: string): Promise<readonly ReportedServer[]> {
    if (this.#worker === undefined) return [];
    return parseServerStates(
      await ask(this.socket, section === undefined ? "show servers state" : `show servers state ${section}`),
    );
  }

  async send(commands: readonly string[]): Promise<readonly string[]> {
    return await sendCommands(this.socket, commands);
  }

  async stop(limitMs: number): Promise<void> {
    const running = this.#process;
    this.#step("end");
    this.#ending.abort();
    for (const stream of this.#logStreams) stream.abort();
    if (running !== undefined) {
      // USR1 lets the workers finish what they have; TERM ends them.
      running.signal("SIGUSR1");
      const ended = running.exited;
      await Promise.race([ended, this.clock.sleep(limitMs * 0.7)]);
      running.signal("SIGTERM");
      await Promise.race([ended, this.clock.sleep(limitMs * 0.2)]);
      running.signal("SIGKILL");
      await Promise.race([ended, this.clock.sleep(limitMs * 0.1)]);
    } else if (this.#adoptedPid !== undefined) {
      await this.#stopAdopted(this.#adoptedPid, limitMs);
    }
    await this.#removeTraces();
  }

  async #stopAdopted(pid: number, limitMs: number): Promise<void> {
    const until = this.clock.now() + limitMs;
    const steps: readonly [Deno.Signal, number][] = [["SIGUSR1", limitMs * 0.7], ["SIGTERM", limitMs * 0.2], [
      "SIGKILL",
      0,
    ]];
    for (const [signal, waitMs] of steps) {
      if (!kill(pid, signal)) return;
      const limit = Math.min(until, this.clock.now() + waitMs);
      while (this.clock.now() < limit && await askMaster(this.#masterSocket) !== undefined) {
        await this.clock.sleep(20);
      }
      if (await askMaster(this.#masterSocket) === undefined) return;
    }
  }

  async #removeTraces(): Promise<void> {
    const names = [this.socket, this.#masterSocket, this.settings.pidFile];
    await Promise.all(names.map((name) => Deno.remove(name).catch(() => undefined)));
  }

  async #writeChecked(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
  ): Promise<Generation | Outcome> {
    const written = await this.#write(desired, states);
    if ("kind" in written) return written;
    const files = [`${written.folder}/process.cfg`, `${written.folder}/haproxy.cfg`];
    const result = await checkConfig(this.settings.program.path, files, this.settings.env);
    for (const message of result.isValid ? result.messages : []) this.report.warn(`haproxy -c: ${message}`);
    if (result.isValid) return written;
    await this.store.discard(written);
    return { kind: "rejected", stage: "check", detail: result.messages.join("; ") };
  }

  async #write(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
  ): Promise<Generation | Outcome> {
    // Servers whose check has failed must not be up again because of a reload.
    const reported = await this.reportServers().catch(() => []);
    try {
      return await this.store.write((generation) =>
        new Map([
          ...desired.files,
          ["process.cfg", this.#processConfig(generation)],
          ["servers.state", renderServerStates(desired.model.backends, states, reported)],
        ])
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return {
        kind: "rejected",
        stage: "write",
        detail: `cannot write below ${this.settings.stateDir}: ${why}`,
      };
    }
  }

  #processConfig(generation: Generation): string {
    return renderProcessConfig({
      ...this.settings.process,
      description: this.#describe(generation),
      pidFile: this.settings.pidFile,
      socket: this.socket,
      stateBase: generation.folder,
      stateFile: "servers.state",
    }, this.templates);
  }

  #describe(generation: Generation): string {
    return `generation-${generation.number}`;
  }

  async #loadCurrent(generation: Generation, signal: AbortSignal): Promise<Outcome> {
    this.#lines = [];
    if (this.#state === "serving") {
      const answer = await ask(this.#masterSocket, "reload").catch(() => "");
      // From 2.7 on the master says at once that a reload failed; before, it says nothing.
      if (/^Success=0/m.test(answer)) return this.#refused("HAProxy refused to load it");
    } else this.#step("start");
    const isLoaded = await this.#prove(this.#describe(generation), signal);
    return isLoaded ? { kind: "applied" } : this.#refused("HAProxy did not take it up");
  }

  #refused(what: string): Outcome {
    const said = this.#lines.length > 0 ? `: ${this.#lines.slice(-5).join("; ")}` : "";
    return { kind: "rejected", stage: "load", detail: what + said };
  }

  /** Waits until a worker with this description answers; false when it ended or took too long. */
  async #prove(description: string, signal: AbortSignal): Promise<boolean> {
    const until = this.clock.now() + LOAD_LIMIT_MS;
    while (this.clock.now() < until && !signal.aborted) {
      const worker = await askWorker(this.socket);
      if (worker?.description === description) {
        this.#worker = worker;
        this.#step("proved");
        this.#failures = 0;
        this.#followLog(true);
        return true;
      }
      if (this.#state !== "serving" && this.#state !== "starting") return false;
      if (this.#lines.some((line) => /Failed to load|Fatal errors|fatal error/i.test(line))) return false;
      await this.clock.sleep(PROOF_INTERVAL_MS);
    }
    return false;
  }

  #step(event: ProcessEvent): void {
    const step = SUPERVISION[this.#state][event];
    this.#state = step.next;
    if (step.command === "spawn") this.#spawn();
    if (step.command === "delay") this.#restartLater();
  }

  #spawn(): void {
    const { current } = this.store;
    const args = [
      "-W",
      "-db",
      "-S",
      `${this.#masterSocket},mode,600`,
      "-f",
      `${current}/process.cfg`,
      "-f",
      `${current}/haproxy.cfg`,
    ];
    const process = new HaproxyProcess({
      program: this.settings.program.path,
      args,
      env: { ...this.settings.env, SIGNALBOX_RUN: "1" },
      onLine: (severity, line) => {
        this.#lines.push(line);
        if (this.#lines.length > 50) this.#lines.shift();
        this.report[isRoutine(line) && severity !== "error" ? "debug" : severity](`haproxy: ${line}`);
      },
    });
    this.#process = process;
    this.#adoptedPid = undefined;
    this.report.info("started HAProxy", { pid: process.pid, version: this.settings.program.text });
    void process.exited.then((how) => {
      if (this.#process !== process) return;
      if (this.#state !== "ending") {
        this.report.error(`HAProxy ended by itself (${how}); it is started again`);
      }
      this.#worker = undefined;
      this.#step("exited");
    });
  }

  #restartLater(): void {
    this.#failures++;
    const delay = backoffMs(this.#failures, RESTART, Math.random());
    void this.clock.sleep(delay, this.#ending.signal).then(async () => {
      if (this.#state !== "waiting") return;
      const current = await this.store.findCurrent();
      if (current === undefined || this.#state !== "waiting") return;
      this.#step("due");
      if (await this.#prove(this.#describe(current), this.#ending.signal)) this.onRestart();
    });
  }

  #followLog(isNew: boolean): void {
    if (this.settings.process.syslog !== undefined) return;
    // The old worker's stream is left a moment for its last lines; open, it would keep the old worker from ending.
    for (const stream of this.#logStreams) void this.clock.sleep(1_000).then(() => stream.abort());
    const stream = new AbortController();
    this.#logStreams.add(stream);
    void readAccessLog(
      this.socket,
      isNew,
      (line) => onAccessLine(line, this.report),
      stream.signal,
    )
      .catch(() => undefined)
      .finally(() => this.#logStreams.delete(stream));
  }

  async #copy(files: Files): Promise<void> {
    const path = this.settings.configCopy;
    if (path === undefined) return;
    await copyFiles(files, path).catch((error) => {
      const why = error instanceof Error ? error.message : String(error);
      this.report.error(
        `cannot write the copy of the config to ${path}: ${why}; HAProxy has it all the same`,
      );
    });
  }
}

/** The ring holds HAProxy's own messages too, which its master prints as well; only requests begin with a client. */
function onAccessLine(line: string, report: Reporter): void {
  if (/^[0-9a-fA-F.:]+:[0-9]+ \[/.test(line)) report.info(line, { kind: "access" });
}

/** What HAProxy prints at every reload and whenever we change a server is of no interest while all is well. */
function isRoutine(line: string): boolean {
  return /changed from server-state|maintenance|stopped \(cumulated|Former worker|Reloading HAProxy|[Nn]ew worker|Loading success|haproxy version is|path to executable|Exiting|exited with code 0/
    .test(line);
}

function kill(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
