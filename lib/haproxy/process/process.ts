import { messageOf } from "../../core/values/message_of.ts";
import type { Clock } from "../../ports.ts";
import { leaveLostFolder } from "./working_folder.ts";
import { withoutPrefix } from "./program.ts";
import { untilQuiet } from "./until_quiet.ts";

/** How a process was started. */
export type SpawnSettings = {
  readonly program: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  /** Hears each line that HAProxy prints, with its own severity. */
  readonly onLine: (severity: "error" | "warn" | "info", line: string) => void;
};

/** How often a signal that ends HAProxy is repeated, in milliseconds. */
const SIGNAL_AGAIN_MS = 100;
/**
 * How a master is ended, and each step's share of the time: USR1 lets the workers finish what they have, TERM ends
 * them, KILL is for what is left (management guide, section 4).
 */
export const STOP_STEPS: readonly (readonly [Deno.Signal, number])[] = [
  ["SIGUSR1", 0.9],
  ["SIGTERM", 0.06],
  ["SIGKILL", 0.04],
];
/**
 * How long signalbox waits before it reads a line, in milliseconds. HAProxy prints a line for each command before it
 * answers, and the answer is more urgent.
 */
const PRINTED_MS = 5;

/** The haproxy master that we started. */
export class HaproxyProcess {
  /** Resolves when the process has ended, with how it ended in words. */
  readonly exited: Promise<string>;
  readonly clock: Clock;
  readonly #child: Deno.ChildProcess | undefined;
  #isEnded = false;

  /** Starts haproxy; one that cannot be run has ended at once. */
  constructor(settings: SpawnSettings) {
    this.clock = settings.clock;
    try {
      this.#child = spawn(settings);
    } catch (error) {
      this.#isEnded = true;
      this.exited = Promise.resolve(`it cannot be run: ${messageOf(error)}`);
      return;
    }
    // A pipe that is full blocks the old worker, and with it the requests that it still serves.
    let chunks = 0;
    const drained = Promise.all(
      [this.#child.stdout, this.#child.stderr].map((pipe) => drain(pipe, settings, () => chunks++)),
    );
    this.exited = this.#child.status.then(async (status) => {
      this.#isEnded = true;
      // Workers may live on and keep the pipe open. The last lines of the master are read first.
      await Promise.race([drained, untilQuiet(() => chunks, settings.clock)]);
      return status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`;
    });
  }

  /** The master's process id; `undefined` where it could not be run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it has ended. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Ends it, step by step. */
  async stop(limitMs: number): Promise<void> {
    const { clock } = this;
    for (const [signal, share] of STOP_STEPS) {
      const until = clock.now() + limitMs * share;
      // Repeated, since a master misses signals while it executes itself anew, as it does when it starts.
      while (!this.#isEnded && clock.now() < until) {
        this.signal(signal);
        const waiting = new AbortController();
        await Promise.race([this.exited, clock.sleep(SIGNAL_AGAIN_MS, waiting.signal)]);
        waiting.abort();
      }
    }
  }

  /** Sends a signal, unless the process has ended. */
  signal(name: Deno.Signal): void {
    if (this.#isEnded) return;
    try {
      this.#child?.kill(name);
    } catch {
      // It ended in this moment.
    }
  }
}

/**
 * The address at which the workers of one master meet, which it keeps over reloads. Any user may bind such an address, and
 * HAProxy does not start where another has it: so each start has its own, that nobody knows before HAProxy has it.
 */
const meetingPlace = (): string => `signalbox-${crypto.randomUUID().replaceAll("-", "")}`;

function spawn({ program, args }: SpawnSettings): Deno.ChildProcess {
  leaveLostFolder();
  return new Deno.Command(program, {
    args: [...args],
    cwd: "/",
    env: { SIGNALBOX_PEERS_AT: meetingPlace() },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // Ctrl-C on a terminal goes to the whole foreground group; HAProxy is to end gracefully, by us.
    detached: true,
  }).spawn();
}

async function drain(
  pipe: ReadableStream<Uint8Array>,
  { clock, onLine }: Pick<SpawnSettings, "clock" | "onLine">,
  onChunk: () => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  const pass = (line: string) => {
    if (line.trim() !== "") onLine(severityOf(line), withoutPrefix(line));
  };
  try {
    for await (const chunk of pipe) {
      onChunk();
      await clock.sleep(PRINTED_MS);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = (lines.pop() ?? "").slice(-65_536);
      lines.forEach(pass);
    }
  } catch {
    // The pipe ends with the process; how does not matter.
  }
  pass(rest);
}

function severityOf(line: string): "error" | "warn" | "info" {
  if (line.startsWith("[ALERT]")) return "error";
  return line.startsWith("[WARNING]") ? "warn" : "info";
}

/** What a master is started with, to load the files of a folder (management guide, section 3). */
export function masterArguments(socket: string, folder: string): string[] {
  const files = ["process.cfg", "haproxy.cfg"].flatMap((name) => ["-f", `${folder}/${name}`]);
  // -C: `default-path config` leaves the master in a generation's folder, and where that one is gone, 3.0 loads nothing
  // any more.
  return ["-W", "-db", "-C", "/", "-S", `${socket},mode,600`, ...files];
}
