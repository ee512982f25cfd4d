import type { EventLevel } from "../../core/status/event.ts";
import { remedyOfPort } from "../../core/status/listeners.ts";
import type { Clock, Reporter } from "../../ports.ts";
import { untilQuiet } from "./until_quiet.ts";

/** Lines that are kept for an error message. */
const KEPT_LINES = 50;
/** The settings that name HAProxy's ports. */
const PORT_FLAGS = "--http-port or --https-port";

/** Passes HAProxy's output to our log, and keeps the last lines, which tell why a load failed. */
export class HaproxyOutput {
  #lines: string[] = [];
  #taken = 0;

  constructor(readonly report: Reporter) {}

  /** Takes a line. */
  take(severity: "error" | "warn" | "info", line: string): void {
    const level = levelOf(severity, line, this.#lines.at(-1));
    this.#lines = [...this.#lines.slice(1 - KEPT_LINES), line];
    this.#taken++;
    this.report.tell({ kind: "haproxy-printed", line, level });
  }

  /** Forgets what was printed before a load. */
  clear(): void {
    this.#lines = [];
  }

  /**
   * Says what went wrong, with the last lines behind a colon; waits for lines that are on their way. The same trouble has
   * the same words each time.
   */
  async explain(what: string, clock: Clock): Promise<string> {
    await untilQuiet(() => this.#taken, clock);
    const lines = this.#lines.filter((line) => !SAYS_WHO.test(line)).map((line) => line.replace(PID, "$1"));
    const said = [what, lines.slice(-5).join("; ")].filter((each) => each !== "").join(": ");
    const bind = this.#lines.find((line) => /cannot bind/i.test(line));
    if (bind === undefined) return said;
    return `${said}; ${remedyOfPort(/in use/i.test(bind), PORT_FLAGS, "--bind")}`;
  }

  /** Whether HAProxy printed that a load failed. */
  get hasFailed(): boolean {
    return this.#lines.some((line) => /Failed to load|fatal error/i.test(line));
  }

  /** Whether HAProxy printed since `clear` that a load began. */
  get hasBegun(): boolean {
    return this.#lines.some((line) => /Reloading|[Nn]ew worker/.test(line));
  }
}

function levelOf(severity: "error" | "warn" | "info", line: string, before = ""): EventLevel {
  // signalbox tells itself when it drains the last server of a host, and status shows failed checks.
  if (/has no server available/.test(line)) {
    return /^CLI : |maintenance/.test(line + before) ? "debug" : "info";
  }
  return ROUTINE.test(line) && severity !== "error" ? "debug" : severity;
}

/** What a failed start begins with, and the process in the words of a failure. */
const SAYS_WHO = /^haproxy version is|^path to executable is/;
const PID = /(\b[Ww]orker) \(\d+\)/g;

/** What HAProxy prints at every reload, and for each server that signalbox changes: of interest only in a fault. */
const ROUTINE = new RegExp(
  [
    "changed from server-state",
    "maintenance",
    "stopped \\(cumulated",
    "Former worker",
    "Reloading HAProxy",
    "[Nn]ew worker",
    "Loading success",
    "haproxy version is",
    "path to executable",
    "Exiting",
    "exited with code 0",
    "^CLI : ",
    "^New (server|backend) registered",
    "^(Server|Backend) (deleted|published|unpublished)",
  ].join("|"),
);
