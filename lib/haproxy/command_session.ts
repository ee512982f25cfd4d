import { SocketError } from "./cli_socket.ts";

/** How long HAProxy may take for a batch, in milliseconds. */
const DEADLINE_MS = 5_000;
/** HAProxy drops what is over its buffer of 16 KB, with an answer that looks like success. */
const MOST_BYTES = 8_192;
/** As much as HAProxy hands over at once: its own buffer (tune.bufsize). */
const READ_BYTES = 16_384;
/** What HAProxy prints in interactive mode when it waits for the next command (management guide, section 9.3). */
const PROMPT = "\n> ";

/** How often another worker than the one that is meant may answer, and how long is waited in between, in milliseconds. */
const MOST_TRIES = 40;
const NEXT_TRY_MS = 5;

/** How long a connection that was opened ahead is kept for commands, in milliseconds. */
const AHEAD_MS = 250;

/** A worker's socket, which a session is opened on for each batch of lines. */
export class CommandSocket {
  #ahead: {
    readonly connection: Promise<Deno.UnixConn | undefined>;
    readonly timer: ReturnType<typeof setTimeout>;
  } | undefined;

  constructor(readonly path: string) {}

  /** Connects for commands that will follow in a moment; what nobody uses is closed soon. */
  openAhead(): void {
    if (this.#ahead !== undefined) return;
    const connection = Deno.connect({ transport: "unix", path: this.path }).catch(() => undefined);
    this.#ahead = { connection, timer: setTimeout(() => this.close(), AHEAD_MS) };
  }

  /** Closes what was opened ahead. */
  close(): void {
    void this.#takeAhead()?.then(close);
  }

  #takeAhead(): Promise<Deno.UnixConn | undefined> | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    clearTimeout(ahead?.timer);
    return ahead?.connection;
  }

  /**
   * Sends lines and reads one reply each, in interactive mode, where each reply has a clear end. With a pid, only that
   * worker is spoken to: for a moment after a reload the old one may still take connections. The session is closed after
   * the batch, since one that stays open would keep an old worker from ending. Throws SocketError.
   */
  async send(lines: readonly string[], pid?: number): Promise<readonly string[]> {
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const replies = await this.#try(lines, pid);
      if (replies !== undefined) return replies;
      await new Promise((resolve) => setTimeout(resolve, NEXT_TRY_MS));
    }
    throw new SocketError(
      `cannot send ${lines.length} commands to HAProxy at ${this.path}: worker ${pid} does not answer`,
    );
  }

  /** One session; `undefined` where another worker than the one that is meant answered. */
  async #try(lines: readonly string[], pid: number | undefined): Promise<readonly string[] | undefined> {
    let connection: Deno.UnixConn | undefined;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      close(connection);
    }, DEADLINE_MS);
    try {
      connection = await this.#takeAhead() ?? await Deno.connect({ transport: "unix", path: this.path });
      return await runSession(connection, lines, pid);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      const why = isLate ? `no answer within ${DEADLINE_MS} ms` : said;
      throw new SocketError(`cannot send ${lines.length} commands to HAProxy at ${this.path}: ${why}`);
    } finally {
      clearTimeout(timer);
      close(connection);
    }
  }
}

/** Sends lines to a worker's socket once. Throws SocketError. */
export async function sendCommands(
  path: string,
  lines: readonly string[],
  pid?: number,
): Promise<readonly string[]> {
  return await new CommandSocket(path).send(lines, pid);
}

/**
 * The question of who answers comes right behind the first commands, and costs no turn of its own: a worker that is not
 * meant is on its way out, and what it was told harms nothing.
 */
async function runSession(connection: Deno.UnixConn, lines: readonly string[], pid: number | undefined) {
  const reader = new ReplyReader(connection);
  const replies: string[] = [];
  let isFirst = true;
  for (const batch of batches(lines)) {
    const asked = [...batch, ...(isFirst && pid !== undefined ? ["show info"] : [])];
    await write(connection, (isFirst ? "prompt\n" : "") + asked.map((line) => `${line}\n`).join(""));
    if (isFirst) await reader.next();
    for (let count = 0; count < batch.length; count++) replies.push(await reader.next());
    if (asked.length > batch.length && pidOf(await reader.next()) !== pid) return undefined;
    isFirst = false;
  }
  return replies;
}

const pidOf = (info: string): number => Number(/^Pid: ([0-9]+)/m.exec(info)?.[1]);

class ReplyReader {
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(READ_BYTES);
  #text = "";

  constructor(readonly connection: Deno.UnixConn) {}

  async next(): Promise<string> {
    for (let end = this.#text.indexOf(PROMPT);; end = this.#text.indexOf(PROMPT)) {
      if (end >= 0) {
        const reply = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + PROMPT.length);
        return reply;
      }
      const size = await this.connection.read(this.#buffer);
      if (size === null) throw new Error("HAProxy closed the connection");
      this.#text += this.#decoder.decode(this.#buffer.subarray(0, size), { stream: true });
    }
  }
}

function* batches(lines: readonly string[]): Generator<readonly string[]> {
  let batch: string[] = [];
  let size = 0;
  for (const line of lines) {
    if (size + line.length + 1 > MOST_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(line);
    size += line.length + 1;
  }
  if (batch.length > 0) yield batch;
}

async function write(connection: Deno.UnixConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

function close(connection: Deno.UnixConn | undefined): void {
  try {
    connection?.close();
  } catch {
    // It was closed already, by the deadline or by HAProxy.
  }
}
