/** HTTP as bytes: what a load generator can afford at hundreds of requests a second beside what it measures. */

/** An answer; the body is as it came, chunk lengths in it. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  /** The server lets the connection be used again. */
  readonly isKept: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Milliseconds of a clock that all processes of this machine share. */
export const now = (): number => performance.timeOrigin + performance.now();

/** One client connection. It reads ahead, so that a server that closes an idle connection is seen at once. */
export class RawConnection {
  #pending: Promise<Uint8Array | null>;
  #isEnded = false;

  private constructor(readonly connection: Deno.Conn) {
    this.#pending = this.#read();
  }

  static async open(hostname: string, port: number): Promise<RawConnection> {
    const connection = await Deno.connect({ hostname, port });
    connection.setNoDelay(true);
    return new RawConnection(connection);
  }

  /** The server has closed it, or it failed. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Sends a request and reads its answer; throws where the connection ends before the answer does. */
  async ask(request: string): Promise<RawAnswer> {
    await this.connection.write(encoder.encode(request));
    let text = "";
    for (;;) {
      const chunk = await this.#pending;
      if (chunk === null) {
        const answer = parseAnswer(text, true);
        if (answer !== undefined) return answer;
        throw new Error(
          text === "" ? "closed before an answer" : `closed within an answer: ${text.slice(0, 15)}`,
        );
      }
      text += decoder.decode(chunk);
      this.#pending = this.#read();
      const answer = parseAnswer(text, false);
      if (answer !== undefined) return answer;
    }
  }

  close(): void {
    this.#isEnded = true;
    try {
      this.connection.close();
    } catch {
      // It was closed already.
    }
  }

  async #read(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(4_096);
    const size = await this.connection.read(buffer).catch(() => null);
    if (size === null) this.#isEnded = true;
    return size === null ? null : buffer.subarray(0, size);
  }
}

function parseAnswer(text: string, isEnded: boolean): RawAnswer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end).toLowerCase();
  const body = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  const isKept = !isEnded && !head.includes("\r\nconnection: close");
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length) ? { status, body, isKept } : undefined;
  if (head.includes("\r\ntransfer-encoding: chunked")) {
    return body.endsWith("0\r\n\r\n") ? { status, body, isKept } : undefined;
  }
  return isEnded ? { status, body, isKept: false } : undefined;
}

/** The text of a request without a body, or of a POST with an empty one; `fields` are further ones, each with its line end. */
export function requestText(host: string, path: string, isPost = false, isKept = false, fields = ""): string {
  return `${isPost ? "POST" : "GET"} ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}${
    isPost ? "Content-Length: 0\r\n" : ""
  }${isKept ? "" : "Connection: close\r\n"}\r\n`;
}

/** One request on a connection of its own; undefined where it failed in any way or took longer than the limit. */
export async function askOnce(
  hostname: string,
  port: number,
  host: string,
  path = "/",
  limitMs = 2_000,
): Promise<RawAnswer | undefined> {
  let connection: RawConnection | undefined;
  const timer = setTimeout(() => connection?.close(), limitMs);
  try {
    connection = await RawConnection.open(hostname, port);
    return await connection.ask(requestText(host, path));
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    connection?.close();
  }
}
