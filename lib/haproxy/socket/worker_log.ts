import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import { LogPosition } from "../../core/runtime/log_position.ts";
import type { Chance, Clock } from "../../ports.ts";
import { ask } from "./cli_socket.ts";
import { readRing } from "./ring_stream.ts";

/** When a stream that ended is opened again, and how often signalbox looks whether an old worker has connections. */
const REOPEN: Backoff = { firstMs: 20, mostMs: 1_000 };
/** A stream that lasted this long, in milliseconds, is opened again after the shortest delay. */
const STEADY_MS = 5_000;
/** How long signalbox looks for the place where it stopped, in milliseconds: HAProxy sends a whole ring within 20. */
const SEEK_MS = 1_000;
/** How long the last lines of a worker may take to be read, in milliseconds. */
const LAST_LINES_MS = 100;

/** What a worker's log is made of. */
export type WorkerLogParts = {
  readonly pid: number;
  readonly socket: string;
  readonly masterSocket: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly onLines: (lines: readonly string[]) => void;
  /** The stream was opened once more. */
  readonly onReopened: () => void;
  /** HAProxy has overwritten lines behind the last one that signalbox read. */
  readonly onGap: (last: string) => void;
};

/**
 * The access log of one worker, read from its ring as long as the worker lives. When the stream ends before that,
 * signalbox opens it again and reads on.
 */
export class WorkerLog {
  readonly #ending = new AbortController();
  /** Resolves when the reading has ended. */
  readonly ended: Promise<void>;
  /** The stream that is open now. */
  #reading: Promise<void> | undefined;
  #hasBegun = false;
  #isOld = false;

  /** `isOld`: another worker serves already. */
  constructor(readonly parts: WorkerLogParts, readonly position: LogPosition, isOld: boolean) {
    if (isOld) void this.retire();
    this.ended = this.#follow();
  }

  end(): void {
    this.#ending.abort();
  }

  /** Another worker serves. Reads this one until its requests are finished, and no longer: an open stream would keep it alive. */
  async retire(): Promise<void> {
    if (this.#isOld) return;
    this.#isOld = true;
    const { pid, masterSocket, clock } = this.parts;
    const { signal } = this.#ending;
    for (let tries = 1; !signal.aborted && await mayLog(masterSocket, pid, clock); tries++) {
      await clock.sleep(backoffMs(tries, REOPEN, 1), signal);
    }
    await clock.sleep(LAST_LINES_MS, signal);
    this.end();
  }

  /** The worker has ended: reads its last lines, and stops. */
  async drain(): Promise<void> {
    await Promise.race([this.#reading, this.parts.clock.sleep(LAST_LINES_MS)]);
    this.end();
  }

  async #follow(): Promise<void> {
    const { clock } = this.parts;
    const { signal } = this.#ending;
    for (let failures = 0; !signal.aborted;) {
      const openedAt = clock.now();
      await (this.#reading = this.#read(signal));
      failures = clock.now() - openedAt > STEADY_MS ? 1 : failures + 1;
      await clock.sleep(backoffMs(failures, REOPEN, this.parts.chance()), signal);
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { pid, socket, masterSocket, clock, onLines } = this.parts;
    let cancel: () => void = () => undefined;
    const begin = () => {
      if (this.#hasBegun) this.parts.onReopened();
      this.#hasBegun = true;
      cancel = clock.after(SEEK_MS, () => {
        if (this.position.isSeeking && this.position.seen > 0) this.#giveUp();
      });
    };
    this.position.rewind();
    // The socket leads to the worker that serves; only the master leads to an older one.
    const isOld = this.#isOld;
    if (isOld) begin();
    await readRing({
      socket: isOld ? masterSocket : socket,
      pid: isOld ? pid : undefined,
      isMeant: (other) => {
        if (other === pid) begin();
        return other === pid;
      },
      isHasty: () => this.position.isSeeking,
      onLines: (lines) => onLines(this.position.take(lines)),
      clock,
    }, signal);
    cancel();
  }

  #giveUp(): void {
    this.parts.onGap(this.position.last.at(-1) ?? "");
    this.parts.onLines(this.position.giveUp());
  }
}

/** Whether a worker may log more: it has not been told to stop, or has connections, or its master does not answer now. */
async function mayLog(masterSocket: string, pid: number, clock: Clock): Promise<boolean> {
  const info = await ask(masterSocket, `@!${pid} show info;quit`, clock, 1_000).catch(() => undefined);
  if (info === undefined) return true;
  // A worker that its master does not know has ended.
  if (!/^Pid: /m.test(info)) return false;
  return !/^Stopping: 1$/m.test(info) || !/^CurrConns: 0$/m.test(info);
}
