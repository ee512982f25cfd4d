import { count } from "../../core/values/count.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Clock } from "../../ports.ts";
import { SocketError } from "./cli_socket.ts";

/** How long HAProxy may take for a batch, in milliseconds. */
const DEADLINE_MS = 5_000;
/** HAProxy drops what is over its buffer of 16 KB, with an answer that looks like success. */
const MOST_BYTES = 8_192;
/** What HAProxy sends at once: the size of its buffer (tune.bufsize). */
const READ_BYTES = 16_384;
/** What HAProxy prints in interactive mode when it waits for the next command (management guide, section 9.3). */
const PROMPT = "\n> ";

/** How often another worker than the expected one may answer, and the pause in between, in milliseconds. */
const MOST_TRIES = 150;
const NEXT_TRY_MS = 5;

/** Another worker than the expected one answers, or none, for longer than an old worker takes to leave. */
export class OtherWorkerError extends SocketError {}

/** How long a connection that was opened ahead is kept for commands, in milliseconds. */
const AHEAD_MS = 1_000;

/** A worker's socket, which a session is opened on for each batch of lines. */
export class CommandSocket {
  #ahead: { readonly session: Promise<Session | undefined>; readonly cancel: () => void } | undefined;

  constructor(readonly path: string, readonly clock: Clock) {}

  /**
   * Opens a session for commands that will follow in a moment, for example when an engine starts a container; an unused
   * one is closed soon.
   */
  openAhead(): void {
    if (this.#ahead !== undefined) return;
    const session = Session.open(this.path).then((session) => session.greet(), () => undefined);
    this.#ahead = { session, cancel: this.clock.after(AHEAD_MS, () => this.close()) };
  }

  /** Closes a session that was opened ahead: it would keep an old worker from ending. */
  close(): void {
    void this.#takeAhead()?.then((session) => session?.close());
  }

  #takeAhead(): Promise<Session | undefined> | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    ahead?.cancel();
    return ahead?.session;
  }

  /**
   * Sends lines and reads one reply each, in interactive mode, where each reply has a clear end. With a pid, only that
   * worker is meant: for a moment after a reload the old one may still take connections. Closes the session after the
   * batch, since an open one would keep an old worker from ending. Throws SocketError.
   */
  async send(lines: readonly string[], pid?: number): Promise<readonly string[]> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const replies = await this.#try(lines, pid);
      const isLast = tries === MOST_TRIES;
      if (replies !== undefined && (pid === undefined || isLast || !replies.some(isStopping))) return replies;
      // Another worker answers: from now on nothing is sent before the worker has identified itself.
      this.openAhead();
      await this.clock.sleep(NEXT_TRY_MS);
    }
    this.close();
    throw new OtherWorkerError(
      `cannot send ${
        count(lines.length, "command")
      } to HAProxy at ${this.path}: worker ${pid} does not answer`,
    );
  }

  /** One session; `undefined` where another worker than the expected one answered, or none had room. */
  async #try(lines: readonly string[], pid: number | undefined): Promise<readonly string[] | undefined> {
    let session: Session | undefined;
    let isLate = false;
    const cancel = this.clock.after(DEADLINE_MS, () => {
      isLate = true;
      session?.close();
    });
    try {
      session = await this.#takeAhead();
      if (session !== undefined) {
        try {
          if (isLate) throw new Error("late");
          return await session.run(lines, pid);
        } catch (error) {
          // The session's worker may have ended since. A session without any answer is replaced.
          if (isLate || session.hasReplied) throw error;
          session.close();
        }
      }
      session = await Session.open(this.path);
      if (isLate) throw new Error("late");
      return await session.run(lines, pid);
    } catch (error) {
      // HAProxy's socket has no room for another connection.
      if (session === undefined && error instanceof Deno.errors.WouldBlock) return undefined;
      const said = messageOf(error);
      const why = isLate ? `no answer within ${DEADLINE_MS} ms` : said;
      throw new SocketError(
        `cannot send ${count(lines.length, "command")} to HAProxy at ${this.path}: ${why}`,
      );
    } finally {
      cancel();
      session?.close();
    }
  }
}

/** One connection in interactive mode. */
class Session {
  readonly #reader: ReplyReader;
  #isInteractive = false;
  /** The pid of the worker that answers, once known. */
  #pid: number | undefined;
  #greeting: Promise<void> | undefined;
  /** A line of a batch was answered. */
  hasReplied = false;

  private constructor(readonly connection: Deno.UnixConn) {
    this.#reader = new ReplyReader(connection);
  }

  static async open(path: string): Promise<Session> {
    return new Session(await Deno.connect({ transport: "unix", path }));
  }

  /** Begins to find out which worker answers, before there is anything to send. */
  greet(): this {
    this.#greeting = this.#greet();
    // `send` reports the error.
    this.#greeting.catch(() => undefined);
    return this;
  }

  async #greet(): Promise<void> {
    this.#isInteractive = true;
    await this.#write(["prompt", "show info"]);
    await this.#reader.next();
    this.#pid = pidOf(await this.#reader.next());
  }

  /**
   * Sends lines, and answers with the replies; `undefined` where another worker answers than is meant. Where the worker is
   * not known yet, the question goes right behind the first lines and costs no round trip. A worker that is not meant is
   * on its way out, so that commands to it do no harm.
   */
  async run(lines: readonly string[], pid: number | undefined): Promise<readonly string[] | undefined> {
    await this.#greeting;
    if (pid !== undefined && this.#pid !== undefined && this.#pid !== pid) return undefined;
    const replies: string[] = [];
    for (const batch of batches(lines)) {
      const isFirst = !this.#isInteractive;
      this.#isInteractive = true;
      const wantsPid = pid !== undefined && this.#pid === undefined;
      await this.#write([...(isFirst ? ["prompt"] : []), ...batch, ...(wantsPid ? ["show info"] : [])]);
      if (isFirst) await this.#reader.next();
      for (const line of batch) {
        replies.push(withoutPayloadPrompts(line, await this.#reader.next()));
        this.hasReplied = true;
      }
      if (!wantsPid) continue;
      this.#pid = pidOf(await this.#reader.next());
      if (this.#pid !== pid) return undefined;
    }
    return replies;
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It was closed already, by the deadline or by HAProxy.
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    for (let sent = 0; sent < bytes.length;) sent += await this.connection.write(bytes.subarray(sent));
  }
}

/**
 * Whether a worker says that it is on its way out: it has stopped its proxies. Somebody reloaded HAProxy, or a reload that
 * seemed lost was repeated and came twice.
 */
const isStopping = (reply: string): boolean => /^Proxy is disabled\.?\s*$/.test(reply.trim());

const pidOf = (info: string): number => Number(/^Pid: ([0-9]+)/m.exec(info)?.[1]);

class ReplyReader {
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** What is read and was not looked through yet. */
  #text = "";

  constructor(readonly connection: Deno.UnixConn) {}

  async next(): Promise<string> {
    // A reply about thousands of servers comes in a hundred pieces: each is looked through once.
    const parts: string[] = [];
    for (;;) {
      const end = this.#text.indexOf(PROMPT);
      if (end >= 0) {
        parts.push(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + PROMPT.length);
        return parts.length === 1 ? parts[0] ?? "" : parts.join("");
      }
      // The prompt may have begun.
      const done = Math.max(0, this.#text.length - PROMPT.length + 1);
      if (done > 0) parts.push(this.#text.slice(0, done));
      const size = await this.connection.read(this.#buffer);
      if (size === null) throw new Error("HAProxy closed the connection");
      this.#text = this.#text.slice(done) +
        this.#decoder.decode(this.#buffer.subarray(0, size), { stream: true });
    }
  }
}

/** For each line of a payload that it has read HAProxy prints `+ `, up to 3.2. */
const withoutPayloadPrompts = (line: string, reply: string): string =>
  line.includes("\n") ? reply.replace(/^(?:\n?\+ )+/, "") : reply;

/** Lines that are sent together; one that is larger, since it has a payload, is sent by itself. */
function* batches(lines: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let size = 0;
  const encoder = new TextEncoder();
  for (const line of lines) {
    const bytes = encoder.encode(line).length + 1;
    if (size + bytes > MOST_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(line);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
