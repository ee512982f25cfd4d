import { SocketError } from "./cli_socket.ts";

/** How long HAProxy may take for a batch, in milliseconds. */
const DEADLINE_MS = 5_000;
/** HAProxy drops what is over its buffer of 16 KB, with an answer that looks like success. */
const MOST_BYTES = 8_192;
/** What HAProxy prints in interactive mode when it waits for the next command (management guide, section 9.3). */
const PROMPT = "\n> ";

/**
 * Sends lines to a worker's socket and reads one reply each, in interactive mode, where each reply has a clear end.
 * The session is closed after the batch, since one that stays open would keep an old worker from ending. Throws
 * SocketError.
 */
export async function sendCommands(path: string, lines: readonly string[]): Promise<readonly string[]> {
  let connection: Deno.UnixConn | undefined;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    close(connection);
  }, DEADLINE_MS);
  try {
    connection = await Deno.connect({ transport: "unix", path });
    const reader = new ReplyReader(connection);
    const replies: string[] = [];
    let greeting = "prompt\n";
    for (const batch of batches(lines)) {
      await write(connection, greeting + batch.map((line) => `${line}\n`).join(""));
      if (greeting !== "") await reader.next();
      greeting = "";
      for (let count = 0; count < batch.length; count++) replies.push(await reader.next());
    }
    return replies;
  } catch (error) {
    const why = isLate
      ? `no answer within ${DEADLINE_MS} ms`
      : error instanceof Error
      ? error.message
      : String(error);
    throw new SocketError(`cannot send ${lines.length} commands to HAProxy at ${path}: ${why}`);
  } finally {
    clearTimeout(timer);
    close(connection);
  }
}

class ReplyReader {
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(65_536);
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
