import { AnswerText } from "./answer_limit.ts";

/** An answer of an HTTP server: its status, its text, and whether its connection may be asked again. */
export type HttpAnswer = { readonly status: number; readonly text: string; readonly isKept: boolean };

/** What is read of a connection at once, in bytes: most answers fit. Long ones are read in larger parts. */
const PART_BYTES = 16_384;
const LONG_PART_BYTES = 262_144;
/** The longest head of an answer, in bytes; servers send under 1,000. */
const MOST_HEAD_BYTES = PART_BYTES;
/**
 * How many bytes around a body are read: these, and one for so many of the body. They are the sizes of chunks, fields behind the
 * last one, and interim answers; each line costs as much as many bytes of a body. A chunk of 200 bytes has six.
 */
const MOST_AROUND_BYTES = 65_536;
const BODY_BYTES_FOR_ONE = 32;

const LINE_FEED = 10;
const latin1 = new TextDecoder("latin1");

/** A connection ended before an answer began. */
export class EndedConnectionError extends Error {
  override readonly name = "EndedConnectionError";
  constructor() {
    super("the connection ended before an answer");
  }
}

/** Reads answers of HTTP/1.1, one after the other, from a connection (RFC 9112). */
export class HttpAnswers {
  #part = new Uint8Array(PART_BYTES);
  /** What was read and not yet used lies between the two. */
  #from = 0;
  #to = 0;
  /** How much of this answer was read. */
  #readBytes = 0;
  /** Of this answer: what was read of the body, and around it. */
  #bodyBytes = 0;
  #aroundBytes = 0;

  constructor(readonly connection: Pick<Deno.Conn, "read">) {}

  /** The next answer; throws EndedConnectionError, AnswerTooLongError with its name, or Error where it is no HTTP. */
  async next(what: string): Promise<HttpAnswer> {
    this.#bodyBytes = 0;
    this.#aroundBytes = 0;
    for (;;) {
      const head = await this.#head();
      const [, minor, digits] = /^HTTP\/1\.([01]) (\d{3})/.exec(head) ?? [];
      if (digits === undefined) throw new Error(`${what} is not HTTP`);
      const status = Number(digits);
      // An interim answer: the one that counts follows.
      if (status < 200) {
        this.#countAround(head.length);
        continue;
      }
      const isKept = !/\nconnection:[^\r\n]*\bclose\b/i.test(head) && minor === "1";
      const text = new AnswerText(what);
      const isDelimited = await this.#body(head, status, text);
      this.#readBytes = 0;
      if (this.#to <= PART_BYTES) this.#resize(PART_BYTES);
      // What follows an answer that nobody asked for belongs to none.
      return { status, text: text.end(), isKept: isKept && isDelimited && this.#from === this.#to };
    }
  }

  /** Reads a body as its head says; false where only the end of the connection ends it (RFC 9112, 6.3). */
  async #body(head: string, status: number, text: AnswerText): Promise<boolean> {
    if (status === 204 || status === 304) return true;
    const length = /\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1];
    if (/\ntransfer-encoding:[^\r\n]*\bchunked\b/i.test(head)) await this.#chunks(text);
    else if (length !== undefined) await this.#exactly(Number(length), text);
    else {
      await this.#rest(text);
      return false;
    }
    return true;
  }

  /** The lines of a head, to its end. */
  async #head(): Promise<string> {
    let at = this.#from;
    for (;;) {
      const end = this.#part.subarray(0, this.#to).indexOf(LINE_FEED, at);
      if (end < 0) {
        const isBegun = this.#to > this.#from;
        // What is there moves to the front.
        at -= this.#from;
        if (!await this.#more()) throw isBegun ? cut() : new EndedConnectionError();
        continue;
      }
      // A line without anything but its end.
      const isLast = end - at <= 1;
      at = end + 1;
      if (isLast) return latin1.decode(this.#use(at - this.#from));
    }
  }

  async #chunks(text: AnswerText): Promise<void> {
    for (;;) {
      const line = await this.#line();
      const size = /^[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;|\r?\n)/.exec(line)?.[1];
      if (size === undefined) throw new Error("a chunk without a size");
      const bytes = parseInt(size, 16);
      if (bytes === 0) break;
      await this.#exactly(bytes, text);
      await this.#line();
    }
    // Fields may follow the last chunk.
    while ((await this.#line()).trim() !== "");
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#part.subarray(0, this.#to).indexOf(LINE_FEED, this.#from);
      if (end >= 0) {
        this.#countAround(end + 1 - this.#from);
        return latin1.decode(this.#use(end + 1 - this.#from));
      }
      if (!await this.#more()) throw cut();
    }
  }

  async #exactly(bytes: number, text: AnswerText): Promise<void> {
    for (let left = bytes; left > 0;) {
      if (this.#to === this.#from && !await this.#more()) throw cut();
      const used = Math.min(left, this.#to - this.#from);
      text.add(this.#use(used));
      this.#bodyBytes += used;
      left -= used;
    }
  }

  /** An engine that sends such lines without end would hold up all others. */
  #countAround(bytes: number): void {
    this.#aroundBytes += bytes;
    if (this.#aroundBytes <= MOST_AROUND_BYTES + this.#bodyBytes / BODY_BYTES_FOR_ONE) return;
    throw new Error("an answer of more lines around its body than belong there");
  }

  async #rest(text: AnswerText): Promise<void> {
    do text.add(this.#use(this.#to - this.#from)); while (await this.#more());
  }

  /** Long answers get a long part, as long as they last. */
  #resize(bytes: number): void {
    if (this.#part.length === bytes) return;
    const part = new Uint8Array(bytes);
    part.set(this.#part.subarray(0, this.#to));
    this.#part = part;
  }

  #use(bytes: number): Uint8Array {
    const used = this.#part.subarray(this.#from, this.#from + bytes);
    this.#from += bytes;
    return used;
  }

  /** Reads more behind what is there; false at the end. */
  async #more(): Promise<boolean> {
    this.#part.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    if (this.#to >= MOST_HEAD_BYTES) throw new Error("a line or a head without an end");
    if (this.#readBytes > LONG_PART_BYTES) this.#resize(LONG_PART_BYTES);
    const bytes = await this.connection.read(this.#part.subarray(this.#to));
    this.#to += bytes ?? 0;
    this.#readBytes += bytes ?? 0;
    return bytes !== null;
  }
}

const cut = () => new Error("the answer was cut");
