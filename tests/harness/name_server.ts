/** A small name server on the loopback (RFC 1035, UDP): it knows the names that it is told, and logs who asks. */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { freePort } from "./http.ts";

/** Types of records, and what an answer says of a name that is not there (RFC 1035, sections 3.2.2 and 4.1.1). */
const A = 1;
const NO_SUCH_NAME = 3;
const HEADER_BYTES = 12;

/** Gone with the block. */
export class NameServer implements AsyncDisposable {
  readonly port = freePort();
  /** How many questions it was asked. */
  asked = 0;
  readonly #addresses = new Map<string, readonly string[]>();
  #socket: ReturnType<typeof createSocket> | undefined;

  get at(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const socket = createSocket("udp4");
    socket.on("message", (question, { port, address }) => {
      this.asked++;
      socket.send(this.#answer(question), port, address);
    });
    socket.bind(this.port, "127.0.0.1");
    await once(socket, "listening");
    this.#socket = socket;
  }

  /** Nobody answers any more. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.close();
    await once(socket, "close");
  }

  /** Leads a name to addresses of IPv4; to none, it is not there. */
  lead(name: string, ...addresses: readonly string[]): void {
    this.#addresses.set(name, addresses);
  }

  #answer(question: Buffer): Buffer {
    const labels: string[] = [];
    let at = HEADER_BYTES;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.subarray(at + 1, at + 1 + length).toString("latin1"));
      at += length + 1;
    }
    const type = question.readUInt16BE(at + 1);
    const addresses = this.#addresses.get(labels.join(".").toLowerCase()) ?? [];
    const found = type === A ? addresses : [];
    const header = Buffer.alloc(HEADER_BYTES);
    question.copy(header, 0, 0, 2);
    // An answer, recursion wished for and available.
    header.writeUInt16BE(0x8180 | (addresses.length === 0 ? NO_SUCH_NAME : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    const records = found.map((address) =>
      // The name of the question, an address of the Internet, for a second, in four bytes.
      Buffer.from([0xc0, HEADER_BYTES, 0, A, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)])
    );
    return Buffer.concat([header, question.subarray(HEADER_BYTES, at + 5), ...records]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
