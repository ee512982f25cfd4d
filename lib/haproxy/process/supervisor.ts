import { type ProcessEvent, type ProcessState, SUPERVISION } from "../../core/policy/supervise.ts";
import type { Chance, Clock, Generation, Reporter } from "../../ports.ts";
import { AdoptedMaster } from "./adopted_master.ts";
import type { HaproxyOutput } from "./output.ts";
import { HaproxyProcess, masterArguments } from "./process.ts";
import type { HaproxyProgram } from "./program.ts";
import { Restarts } from "./restarts.ts";

/** What a supervisor works with. */
export type SupervisorParts = {
  readonly program: HaproxyProgram;
  readonly socket: string;
  readonly masterSocket: string;
  /** The folder of the files that HAProxy starts with. */
  readonly folder: string;
  readonly findCurrent: () => Generation | undefined;
  readonly isLoading: () => boolean;
  /** The master has ended, and its workers with it. */
  readonly onEnded: () => void;
  /** The master was started again with the current files, because it had ended by itself. */
  readonly onRestarting: (signal: AbortSignal) => void;
  readonly output: HaproxyOutput;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly report: Reporter;
};

/** Keeps the HAProxy master running: starts it or adopts one that runs, and restarts it when it ends by itself. */
export class Supervisor {
  readonly #restarts: Restarts;
  readonly #leaving = new AbortController();
  #state: ProcessState = "absent";
  #process: HaproxyProcess | undefined;
  #adopted: AdoptedMaster | undefined;

  constructor(readonly parts: SupervisorParts) {
    this.#restarts = new Restarts(parts.clock, parts.chance);
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** The master's process id; `undefined` where none runs. */
  get pid(): number | undefined {
    return this.#process?.pid ?? this.#adopted?.pid;
  }

  /** How often HAProxy ended by itself in a row. */
  get failures(): number {
    return this.#restarts.failures;
  }

  /** Adopts a master that an earlier signalbox started, and that serves. */
  adopt(pid: number): void {
    const { masterSocket, socket, clock, isLoading } = this.parts;
    this.#adopted = new AdoptedMaster(pid, masterSocket, socket, clock);
    this.#state = "serving";
    void this.#adopted.ended(isLoading, this.#leaving.signal).then((hasEnded) => {
      if (hasEnded) this.#onExit("it was taken over, and how it ended is not known");
    });
  }

  /** Starts the master, unless it runs. */
  start(): void {
    this.#step("start");
  }

  /** Notes that a worker serves with the files that the master was given. */
  noteServing(): void {
    this.#restarts.noteServing();
    this.#step("proved");
  }

  /** Ends the master within the milliseconds; it is started again, since `end` was not called. */
  async terminate(limitMs: number): Promise<void> {
    await Promise.all([this.#process?.stop(limitMs), this.#adopted?.stop(limitMs)]);
  }

  /** Ends the master within the milliseconds, for good. */
  async end(limitMs: number): Promise<void> {
    this.#step("end");
    this.leave();
    await this.terminate(limitMs);
  }

  /** Stops managing the master, which goes on. */
  leave(): void {
    this.#leaving.abort();
  }

  #step(event: ProcessEvent): void {
    const step = SUPERVISION[this.#state][event];
    this.#state = step.next;
    if (step.command === "spawn") this.#spawn();
    if (step.command === "delay") void this.#restartLater();
  }

  #spawn(): void {
    const { program, masterSocket, folder, output, clock, report } = this.parts;
    const process = new HaproxyProcess({
      program: program.path,
      args: masterArguments(masterSocket, folder),
      clock,
      onLine: (severity, line) => output.take(severity, line),
    });
    this.#process = process;
    const { pid } = process;
    if (pid !== undefined) report.tell({ kind: "haproxy-started", pid, version: program.text });
    void process.exited.then((how) => this.#process === process && this.#onExit(how));
  }

  #onExit(how: string): void {
    this.#process = this.#adopted = undefined;
    this.parts.onEnded();
    if (this.#state !== "ending") this.parts.report.tell({ kind: "haproxy-lost", how });
    this.#restarts.noteExit();
    this.#step("exited");
  }

  async #restartLater(): Promise<void> {
    if (!await this.#restarts.wait(this.#leaving.signal)) return;
    if (this.parts.findCurrent() === undefined || this.#state !== "waiting") return;
    this.#step("due");
    this.parts.onRestarting(this.#leaving.signal);
  }
}
