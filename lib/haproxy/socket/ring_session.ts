import { ACCESS_RING } from "../../core/config/process_config.ts";

/** What ends an answer in an interactive session (management guide, 9.3, `prompt`). */
const PROMPT = "\n> ";
const READ_BYTES = 65_536;

/**
 * An interactive session with a worker, on which its ring is read as a whole, as often as is wanted. The session stays
 * with the worker through a reload, and keeps it from ending before its last lines are read.
 */
export class RingSession {
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(READ_BYTES);

  private constructor(readonly connection: Deno.UnixConn) {}

  /** Opens a session on a worker's socket; `undefined` where no worker answers, or another worker than expected. */
  static async open(socket: string, pid: number): Promise<RingSession | undefined> {
    const connection = await Deno.connect({ transport: "unix", path: socket }).catch(() => undefined);
    if (connection === undefined) return undefined;
    const session = new RingSession(connection);
    try {
      await session.#say("prompt");
      const info = await session.#say("show info");
      if (Number(/^Pid: ([0-9]+)$/m.exec(info)?.[1]) === pid) return session;
    } catch {
      // It ended; the next one is tried.
    }
    session.close();
    return undefined;
  }

  /** The lines of the ring, the oldest first; `undefined` where the session has ended. */
  async read(): Promise<string | undefined> {
    try {
      return await this.#say(`show events ${ACCESS_RING}`);
    } catch {
      return undefined;
    }
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // HAProxy closed it first.
    }
  }

  async #say(command: string): Promise<string> {
    await this.connection.write(new TextEncoder().encode(`${command}\n`));
    let text = "";
    do {
      const size = await this.connection.read(this.#buffer);
      if (size === null) throw new Error("The session has ended");
      text += this.#decoder.decode(this.#buffer.subarray(0, size), { stream: true });
    } while (!text.endsWith(PROMPT));
    return text.slice(0, -PROMPT.length);
  }
}
