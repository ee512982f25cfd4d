import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import { ACCESS_RING } from "../../core/config/process_config.ts";
import { LogPosition } from "../../core/runtime/log_position.ts";
import type { Chance, Clock } from "../../ports.ts";
import { ask } from "./cli_socket.ts";
import { RingSession } from "./ring_session.ts";
import { readRing } from "./ring_stream.ts";

/** When a stream that ended is opened again, and how often signalbox looks whether an old worker has connections. */
const REOPEN: Backoff = { firstMs: 20, mostMs: 1_000 };
/** A stream that lasted this long, in milliseconds, is opened again after the shortest delay. */
const STEADY_MS = 5_000;
/** How long signalbox looks for the place where it stopped, in milliseconds: HAProxy sends a whole ring within 20. */
const SEEK_MS = 1_000;
/**
 * How often the whole ring is read where each request is logged, in milliseconds. A stream that waits for lines holds
 * HAProxy up for each of them: 0.1 to 0.25 ms a request on 2.6 and 3.2, where reading all of it costs nothing that can be
 * seen. A ring of 1 MB holds some 7,000 lines.
 */
const POLL_MS = 100;
/** The same while no request comes. */
const QUIET_POLL_MS = 500;
/** How long the last lines of a worker may take to be read, in milliseconds. */
const LAST_LINES_MS = 100;

/** What a worker's log is made of. */
export type WorkerLogParts = {
  readonly pid: number;
  readonly socket: string;
  readonly masterSocket: string;
  /** Each request is logged: the ring is read at intervals. */
  readonly isBusy: boolean;
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
  /** The worker has nothing more to log: what it has is read once more. */
  #isFinished = false;
  /** Another signalbox began to read it, and another worker serves by now. */
  readonly #isAdopted: boolean;

  /** `isOld`: another worker serves already. */
  constructor(readonly parts: WorkerLogParts, readonly position: LogPosition, isOld: boolean) {
    this.#isAdopted = isOld;
    if (isOld) void this.retire();
    this.ended = this.#follow();
  }

  /** Ends at once: the next signalbox reads on from the position. */
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
    this.#finish();
  }

  /** The worker has ended: reads its last lines, and stops. */
  async drain(): Promise<void> {
    await Promise.race([this.#reading, this.parts.clock.sleep(LAST_LINES_MS)]);
    this.#finish();
  }

  #finish(): void {
    this.#isFinished = true;
    this.end();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    if (this.#isAdopted) await this.#poll(signal, () => this.#askMaster());
    else if (this.parts.isBusy) await this.#pollSession(signal);
    else await this.#stream(signal);
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    for (let failures = 0; !signal.aborted;) {
      const openedAt = clock.now();
      await (this.#reading = this.#read(signal));
      failures = clock.now() - openedAt > STEADY_MS ? 1 : failures + 1;
      await clock.sleep(backoffMs(failures, REOPEN, this.parts.chance()), signal);
    }
  }

  /** Reads by a session of its own with the worker, which is opened again if it ends. */
  async #pollSession(signal: AbortSignal): Promise<void> {
    const { socket, pid } = this.parts;
    let session: RingSession | undefined;
    await this.#poll(signal, async () => {
      // The socket is that of the worker that serves: one of before is read by the session that it has, or by its master.
      if (session === undefined && !this.#isOld) {
        session = await RingSession.open(socket, pid);
        if (session !== undefined && this.#hasBegun) this.parts.onReopened();
        this.#hasBegun = true;
      }
      if (session === undefined) return this.#isOld ? await this.#askMaster() : undefined;
      const text = await session.read();
      if (text !== undefined) return text;
      session.close();
      session = undefined;
      return undefined;
    });
    session?.close();
  }

  /** The ring of a worker of before; on 2.6, a stream that its master opens hears nothing new of it. */
  async #askMaster(): Promise<string | undefined> {
    const { pid, masterSocket, clock } = this.parts;
    return await ask(masterSocket, `@!${pid} show events ${ACCESS_RING};quit`, clock).catch(() => undefined);
  }

  /** Reads the whole ring again and again, and once more at the end. */
  async #poll(signal: AbortSignal, read: () => Promise<string | undefined>): Promise<void> {
    const { clock } = this.parts;
    for (let pauseMs = POLL_MS;;) {
      const isLast = signal.aborted;
      if (isLast && !this.#isFinished) return;
      const text = await read() ?? "";
      // The next signalbox reads on from the position that was saved when this one left.
      if (signal.aborted && !this.#isFinished) return;
      const count = this.#takeWhole(text);
      if (isLast) return;
      pauseMs = count > 0 ? POLL_MS : Math.min(2 * pauseMs, QUIET_POLL_MS);
      await clock.sleep(pauseMs, signal);
    }
  }

  /** Takes all that the ring has, and answers how many lines were new. */
  #takeWhole(text: string): number {
    if (text === "") return 0;
    const fresh = this.position.takeWhole(text);
    if (fresh === undefined) this.#giveUp();
    else if (fresh.length > 0) this.parts.onLines(fresh);
    return fresh?.length ?? 1;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { pid, socket, clock, onLines } = this.parts;
    let cancel: () => void = () => undefined;
    const begin = () => {
      if (this.#hasBegun) this.parts.onReopened();
      this.#hasBegun = true;
      cancel = clock.after(SEEK_MS, () => {
        if (this.position.isSeeking && this.position.seen > 0) this.#giveUp();
      });
    };
    this.position.rewind();
    await readRing({
      socket,
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
