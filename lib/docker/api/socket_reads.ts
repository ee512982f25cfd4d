import { onAbort, whenLate } from "../../clock.ts";
import type { Clock } from "../../ports.ts";
import { EndedConnectionError, type HttpAnswer, HttpAnswers } from "./http_answer.ts";

/** How many connections without a question are kept: as many as inspects are under way at once. */
const MOST_IDLE = 8;

const encoder = new TextEncoder();

type Connection = { readonly socket: Deno.Conn; readonly answers: HttpAnswers };

/** Until when a question may last: its signal, and a time; `late` is what it fails with after that. */
export type Until = {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly limitMs: number;
  readonly late: () => Error;
};

/**
 * Asks an HTTP server behind a unix socket, over connections that are kept: a third of what `fetch` takes for the thousands of
 * inspects of a start, whose streams and headers nobody needs here.
 */
export class SocketReads {
  readonly #idle: Connection[] = [];
  #isClosed = false;

  constructor(readonly path: string) {}

  /** Gets a target; throws the signal's reason once that aborts; else what HttpAnswers or Deno's connections throw. */
  async get(target: string, what: string, until: Until): Promise<HttpAnswer> {
    until.signal.throwIfAborted();
    // It becomes a line of the question's head.
    if (!/^[!-~]+$/.test(target)) throw new Error(`${JSON.stringify(target)} cannot be asked for`);
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) {
      try {
        return await this.#ask(kept, target, what, until);
      } catch (error) {
        // The server has closed it since, and has not read the question.
        if (until.signal.aborted || !isEnded(error)) throw error;
      }
    }
    const socket = await Deno.connect({ transport: "unix", path: this.path });
    return await this.#ask({ socket, answers: new HttpAnswers(socket) }, target, what, until);
  }

  /** Closes what is kept, now and later. */
  close(): void {
    this.#isClosed = true;
    for (const { socket } of this.#idle.splice(0)) socket.close();
  }

  async #ask(
    connection: Connection,
    target: string,
    what: string,
    { signal, clock, limitMs, late }: Until,
  ): Promise<HttpAnswer> {
    const { socket, answers } = connection;
    let why: unknown;
    let isOpen = true;
    const close = () => {
      if (isOpen) socket.close();
      isOpen = false;
    };
    // Closing it ends what is under way. A signal for each of thousands would cost more than the question.
    const end = (reason: unknown) => {
      why = reason;
      close();
    };
    const leave = onAbort(signal, () => end(signal.reason));
    const cancel = whenLate(clock, limitMs, () => end(late()));
    try {
      signal.throwIfAborted();
      // An address, not a name: what stands between may look a name up.
      await writeAll(socket, encoder.encode(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
      const answer = await answers.next(what);
      if (!answer.isKept || this.#isClosed || !isOpen || this.#idle.length >= MOST_IDLE) close();
      else this.#idle.push(connection);
      return answer;
    } catch (error) {
      close();
      throw why ?? error;
    } finally {
      leave();
      cancel();
    }
  }
}

/** Whether a kept connection was closed by the other side before it answered. */
function isEnded(error: unknown): boolean {
  return error instanceof EndedConnectionError || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}

async function writeAll(socket: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
}
