import { LogPosition } from "../../core/runtime/log_position.ts";
import { ACCESS_RING, isRingKept, type ProcessSettings } from "../../core/config/process_config.ts";
import type { AccessLogStatus } from "../../core/status/status.ts";
import type { Chance, Clock, Reporter } from "../../ports.ts";
import { ask } from "./cli_socket.ts";
import { WorkerLog } from "./worker_log.ts";

/** How old the saved position for the next signalbox may be, in milliseconds: it may repeat the lines of that time. */
const MARK_MS = 1_000;
/** How long lost lines are counted before the next report, in milliseconds. */
const TOLD_MS = 60_000;
/** What HAProxy sends in the place of lines that were not read fast enough. */
const DROPPED = /^([0-9]+) events? dropped\0?$/;
/** The ring holds HAProxy's own messages too, which its master prints as well; only requests begin with a client. */
const REQUEST = /^[0-9a-fA-F.:]+:[0-9]+ \[/;

type AccessLogWorld = { readonly clock: Clock; readonly chance: Chance; readonly report: Reporter };

type AccessLogSettings = {
  readonly stateDir: string;
  readonly process: Pick<ProcessSettings, "syslog" | "accessLog">;
};

/** Follows the access log of the worker that serves, and of older ones until their requests are finished. */
export class AccessLog {
  readonly counts: { -readonly [Name in keyof AccessLogStatus]: number } = { reopened: 0, lost: 0, gaps: 0 };
  readonly #logs = new Set<WorkerLog>();
  /** HAProxy keeps its log in the ring; false where a syslog server gets it. */
  readonly #isKept: boolean;
  readonly #socket: string;
  /** The file that tells the next signalbox how far the log was read. */
  readonly #markPath: string;
  #followed: WorkerLog | undefined;
  #isFinishing = false;
  #untold = 0;
  #isTelling = false;
  #isMarking = false;

  constructor(readonly settings: AccessLogSettings, readonly world: AccessLogWorld) {
    this.#socket = `${settings.stateDir}/haproxy.sock`;
    this.#markPath = `${settings.stateDir}/access.mark`;
    this.#isKept = isRingKept(settings.process);
  }

  /** Follows the worker that serves now, from its first line. */
  follow(pid: number): void {
    if (!this.#isKept || this.#followed?.parts.pid === pid) return;
    void this.#followed?.retire();
    this.#followed = this.#open(pid, [], false);
  }

  /** Follows the workers of another signalbox, from where that one stopped; the pid is that of the serving worker. */
  async adopt(pid: number): Promise<void> {
    if (!this.#isKept) return;
    const marks = await this.#readMarks();
    const last = marks.get(pid) ?? await this.#readNow();
    // A load may have begun meanwhile.
    const isOld = this.#followed !== undefined;
    const log = this.#open(pid, last, isOld);
    this.#followed ??= log;
    for (const [other, last] of marks) if (other !== pid) this.#open(other, last, true);
  }

  /** Stops reading, unless HAProxy ends too: the next signalbox reads on from here. */
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
      // The next signalbox reports that lines may be missing.
    }
  }

  /** HAProxy stops: reads the log lines of the requests that it still finishes. */
  finish(): void {
    this.#isFinishing = true;
    for (const log of this.#logs) void log.retire();
  }

  /** HAProxy has ended: reads its last lines. */
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
        isBusy: this.settings.process.accessLog === "all",
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
    // A signalbox that is killed, as systemd may do for a restart, saves nothing at its end.
    this.#isMarking ||= this.#keepMark();
    this.world.report.requests(lines.filter((line) => REQUEST.test(line)));
    for (const line of lines) {
      const dropped = DROPPED.exec(line)?.[1];
      if (dropped !== undefined) this.#lose(Number(dropped));
    }
  }

  /** Reports lost lines at once, and further ones once a minute. */
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

  /** How far the signalbox before this one has read each worker, where it saved that. */
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

  /** The lines in the ring now, which an earlier signalbox may have reported already. */
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
