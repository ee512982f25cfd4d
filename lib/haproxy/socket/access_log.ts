import { LogPosition } from "../../core/runtime/log_position.ts";
import { ACCESS_RING } from "../../core/config/process_config.ts";
import type { AccessLogStatus } from "../../core/status/status.ts";
import type { Chance, Clock, Reporter } from "../../ports.ts";
import { ask } from "./cli_socket.ts";
import { WorkerLog } from "./worker_log.ts";

/** How old what is left for the next signalbox may be, in milliseconds: it may tell the lines of that time again. */
const MARK_MS = 1_000;
/** How long lost lines are counted before they are told again, in milliseconds. */
const TOLD_MS = 60_000;
/** What HAProxy says in the place of lines that were not read fast enough. */
const DROPPED = /^([0-9]+) events? dropped\0?$/;
/** The ring holds HAProxy's own messages too, which its master prints as well; only requests begin with a client. */
const REQUEST = /^[0-9a-fA-F.:]+:[0-9]+ \[/;

type AccessLogWorld = { readonly clock: Clock; readonly chance: Chance; readonly report: Reporter };

type AccessLogSettings = {
  readonly stateDir: string;
  readonly process: { readonly syslog: string | undefined };
};

/** Follows the access log of whichever worker serves, and of those before it until they have finished what they have. */
export class AccessLog {
  readonly counts: { -readonly [Name in keyof AccessLogStatus]: number } = { reopened: 0, lost: 0, gaps: 0 };
  readonly #logs = new Set<WorkerLog>();
  /** HAProxy keeps its log in the ring; false where a syslog server gets it. */
  readonly #isKept: boolean;
  readonly #socket: string;
  /** Where it is left to the next signalbox how far it was read. */
  readonly #markPath: string;
  #followed: WorkerLog | undefined;
  #isFinishing = false;
  #untold = 0;
  #isTelling = false;
  #isMarking = false;

  constructor(readonly settings: AccessLogSettings, readonly world: AccessLogWorld) {
    this.#socket = `${settings.stateDir}/haproxy.sock`;
    this.#markPath = `${settings.stateDir}/access.mark`;
    this.#isKept = settings.process.syslog === undefined;
  }

  /** Follows the worker that serves now, from its first line. */
  follow(pid: number): void {
    if (!this.#isKept || this.#followed?.parts.pid === pid) return;
    void this.#followed?.retire();
    this.#followed = this.#open(pid, [], false);
  }

  /** Follows workers that another signalbox has followed, from where that one left them; the pid is that of who serves. */
  async adopt(pid: number): Promise<void> {
    if (!this.#isKept) return;
    const marks = await this.#readMarks();
    const last = marks.get(pid) ?? await this.#readNow();
    // It may have been asked to load meanwhile.
    const isOld = this.#followed !== undefined;
    const log = this.#open(pid, last, isOld);
    this.#followed ??= log;
    for (const [other, last] of marks) if (other !== pid) this.#open(other, last, true);
  }

  /** Ends, but for what HAProxy finishes: the next signalbox reads on from here. */
  leave(): void {
    if (this.#isFinishing || this.#followed === undefined) return;
    this.#mark();
    for (const log of this.#logs) log.end();
    this.#followed = undefined;
  }

  #keepMark(): boolean {
    this.world.clock.after(MARK_MS, () => {
      this.#isMarking = false;
      if (!this.#isFinishing && this.#followed !== undefined) this.#mark();
    });
    return true;
  }

  #mark(): void {
    const marks = [...this.#logs].map(({ parts: { pid }, position: { last } }) => ({ pid, last }));
    if (marks.length === 0) return;
    const path = this.#markPath;
    try {
      Deno.writeTextFileSync(`${path}.new`, JSON.stringify(marks), { mode: 0o600 });
      Deno.renameSync(`${path}.new`, path);
    } catch {
      // The next one tells that lines may be missing.
    }
  }

  /** HAProxy is told to stop: what it finishes is still read. */
  finish(): void {
    this.#isFinishing = true;
    for (const log of this.#logs) void log.retire();
  }

  /** HAProxy has ended: what it said at last is read. */
  async drain(): Promise<void> {
    await Promise.all([...this.#logs].map((log) => log.drain()));
    await Deno.remove(this.#markPath).catch(() => undefined);
  }

  #open(pid: number, last: readonly string[], isOld: boolean): WorkerLog {
    const { settings: { stateDir }, world: { clock, chance } } = this;
    const log = new WorkerLog(
      {
        pid,
        socket: this.#socket,
        masterSocket: `${stateDir}/master.sock`,
        clock,
        chance,
        onLines: (lines) => this.#tell(lines),
        onReopened: () => this.counts.reopened++,
        onGap: (line) => this.#tellGap(line),
      },
      new LogPosition(last),
      isOld,
    );
    this.#logs.add(log);
    void log.ended.then(() => this.#logs.delete(log));
    return log;
  }

  #tell(lines: readonly string[]): void {
    // One that is killed, as systemd does for a restart, says nothing at its end.
    this.#isMarking ||= this.#keepMark();
    this.world.report.requests(lines.filter((line) => REQUEST.test(line)));
    for (const line of lines) {
      const dropped = DROPPED.exec(line)?.[1];
      if (dropped !== undefined) this.#lose(Number(dropped));
    }
  }

  /** Told at once, and then once a minute how many more. */
  #lose(count: number): void {
    this.counts.lost += count;
    this.#untold += count;
    if (this.#isTelling) return;
    const { report, clock } = this.world;
    report.tell({ kind: "access-log-lost", lines: this.#untold });
    this.#untold = 0;
    this.#isTelling = true;
    clock.after(TOLD_MS, () => {
      this.#isTelling = false;
      if (this.#untold > 0) this.#lose(0);
    });
  }

  #tellGap(last: string): void {
    this.counts.gaps++;
    const after = /\[([^\]]+)\]/.exec(last)?.[1];
    this.world.report.tell({ kind: "access-log-gap", after });
  }

  /** How far the signalbox before this one has read which worker, where it said so. */
  async #readMarks(): Promise<ReadonlyMap<number, readonly string[]>> {
    const text = await Deno.readTextFile(this.#markPath).catch(() => "[]");
    await Deno.remove(this.#markPath).catch(() => undefined);
    try {
      const marks = JSON.parse(text) as readonly { pid: number; last: readonly string[] }[];
      return new Map(marks.map(({ pid, last }) => [Number(pid), last.map(String)]));
    } catch {
      return new Map();
    }
  }

  /** What is in the ring now: it may have been told, or not, by a signalbox that could not say so. */
  async #readNow(): Promise<readonly string[]> {
    const text = await ask(this.#socket, `show events ${ACCESS_RING}`, this.world.clock).catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "");
    const count = lines.filter((line) => REQUEST.test(line)).length;
    if (count > 0) {
      this.counts.gaps++;
      this.world.report.tell({ kind: "access-log-unmarked", lines: count });
    }
    return lines;
  }
}
