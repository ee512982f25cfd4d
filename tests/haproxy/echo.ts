/** A container that shows what reached it, byte for byte, and clients that send what no library would. */
import { eventually } from "../harness/eventually.ts";
import { LoopbackServer } from "./loopback_server.ts";

/** What answers a head, if not the head itself: null leaves the client without an answer. */
export type Answering = (head: string) => string | null | undefined;

const END = "\r\n\r\n";

/** A container that answers with the head of each request as it came, at an address of the loopback. */
export class Echo extends LoopbackServer {
  /** The heads of all requests so far. */
  readonly heads: string[] = [];
  /** All bytes of each connection so far. */
  readonly streams: string[] = [];

  constructor(readonly answering: Answering = () => undefined) {
    super();
  }

  /** Answers each head, until an answer ends the connection or the client has gone. */
  protected async serve(connection: Deno.Conn): Promise<void> {
    const at = this.streams.push("") - 1;
    let from = 0;
    const buffer = new Uint8Array(8_192);
    for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
      const text = this.streams[at] + latin1(buffer.subarray(0, size));
      this.streams[at] = text;
      for (let end = text.indexOf(END, from); end >= 0; end = text.indexOf(END, from)) {
        const head = text.slice(from, end + END.length);
        from = end + END.length;
        this.heads.push(head);
        const answer = this.answering(head);
        if (answer === null) continue;
        await connection.write(bytes(answer ?? ok(head)));
        if (!/^HTTP\/1\.1 101|connection: keep-alive/i.test(answer ?? "")) return;
      }
    }
  }
}

/** An answer 200 with a text; the connection ends with it. */
export const ok = (text: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`;

/** A text as bytes, a character each. */
export const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const latin1 = (data: Uint8Array): string => String.fromCharCode(...data);

/** An answer that takes longer is a mistake of the test. */
const LIMIT_MS = 30_000;

/** Sends a text as it is; answers with what comes back: a whole answer, or all until the other side ends. */
export async function sendRaw(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const limit = setTimeout(() => connection.close(), LIMIT_MS);
  using _limit = { [Symbol.dispose]: () => clearTimeout(limit) };
  await connection.write(bytes(text));
  let answer = "";
  const buffer = new Uint8Array(8_192);
  for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
    answer += latin1(buffer.subarray(0, size));
    if (isWhole(answer)) break;
  }
  return answer;
}

function isWhole(answer: string): boolean {
  const [head = "", ...rest] = answer.split(END);
  // After a switch of protocols, the container sends the head that it got.
  if (statusOf(head) === "101") return rest.length > 1;
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return rest.length > 0 && length !== undefined && rest.join(END).length >= Number(length);
}

/** Sends the lines of a head; answers as `sendRaw`. */
export const sendHead = (port: number, ...lines: readonly string[]): Promise<string> =>
  sendRaw(port, `${lines.join("\r\n")}\r\n\r\n`);

/** The status of an answer: "200". */
export const statusOf = (answer: string): string => answer.slice(9, 12);

/** A header of a request or answer over HTTP/2, or a pseudo-header. */
export type Field = readonly [name: string, value: string];

/** A client that writes the frames of HTTP/2 (RFC 9113) itself; headers go as literals (RFC 7541, section 6.2.2). */
export class RawHttp2 implements Disposable {
  /** The status of each stream, once it is there; "reset" or "gone" where there is none. */
  readonly statuses = new Map<number, string>();
  /** What came in DATA frames, by stream. */
  readonly bodies = new Map<number, string>();
  #isGone = false;

  private constructor(readonly connection: Deno.Conn) {}

  static async open(port: number): Promise<RawHttp2> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    const client = new RawHttp2(connection);
    await client.#frame(0x4, 0, 0, new Uint8Array());
    void client.#read().catch(() => undefined).finally(() => client.#isGone = true);
    return client;
  }

  /** Begins a stream, or adds trailers to it. */
  async headers(stream: number, fields: readonly Field[], isEnd = true): Promise<void> {
    const block = fields.flatMap(([name, value]) => [0, ...literal(name), ...literal(value)]);
    await this.#frame(0x1, isEnd ? 0x5 : 0x4, stream, Uint8Array.from(block));
  }

  async data(stream: number, text: string, isEnd = false): Promise<void> {
    await this.#frame(0x0, isEnd ? 0x1 : 0x0, stream, bytes(text));
  }

  /** Waits for a stream's status. */
  async status(stream: number): Promise<string> {
    return await eventually(() => this.statuses.get(stream) ?? (this.#isGone ? "gone" : undefined), {
      what: `an answer on stream ${stream}`,
    });
  }

  async #frame(type: number, flags: number, stream: number, payload: Uint8Array): Promise<void> {
    const frame = new Uint8Array(9 + payload.length);
    new DataView(frame.buffer).setUint32(0, payload.length * 256 + type);
    frame[4] = flags;
    new DataView(frame.buffer).setUint32(5, stream);
    frame.set(payload, 9);
    await this.connection.write(frame);
  }

  async #read(): Promise<void> {
    let pending = new Uint8Array();
    const buffer = new Uint8Array(16_384);
    for (let size = await this.connection.read(buffer); size !== null;) {
      pending = Uint8Array.from([...pending, ...buffer.subarray(0, size)]);
      while (pending.length >= 9) {
        const view = new DataView(pending.buffer);
        const end = 9 + view.getUint32(0) / 256 | 0;
        if (pending.length < end) break;
        this.#take(view.getUint8(3), view.getUint32(5), pending.slice(9, end));
        pending = pending.slice(end);
      }
      size = await this.connection.read(buffer);
    }
  }

  #take(type: number, stream: number, payload: Uint8Array): void {
    if (type === 0x0) this.bodies.set(stream, (this.bodies.get(stream) ?? "") + latin1(payload));
    if (type === 0x1 && !this.statuses.has(stream)) this.statuses.set(stream, statusIn(payload));
    if (type === 0x3 && !this.statuses.has(stream)) this.statuses.set(stream, "reset");
  }

  [Symbol.dispose](): void {
    try {
      this.connection.close();
    } catch {
      // It was closed from the other side.
    }
  }
}

function literal(text: string): number[] {
  const rest = text.length - 127;
  const size = rest < 0 ? [text.length] : [127, ...integer(rest)];
  return [...size, ...bytes(text)];
}

/** The bytes after the first of an integer that does not fit into it (RFC 7541, section 5.1). */
const integer = (rest: number): number[] =>
  rest < 128 ? [rest] : [rest % 128 + 128, ...integer(Math.floor(rest / 128))];

/** Statuses that HPACK has in its static table, by their index (RFC 7541, appendix A). */
const STATUSES = ["200", "204", "206", "304", "400", "404", "500"];

/** The status comes first in a block of headers: indexed, or as a literal of three digits, which HAProxy never packs. */
function statusIn(block: Uint8Array): string {
  const at = block.findIndex((byte) => byte < 0x20 || byte >= 0x40);
  const first = block[at] ?? 0;
  const rest = block.subarray(at);
  return first >= 0x80
    ? STATUSES[(first & 0x7f) - 8] ?? `index ${first & 0x7f}`
    : latin1(rest.subarray(2, 5));
}
