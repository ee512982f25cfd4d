/** How much of a stream may wait for a client that reads slowly, in bytes: a picture of 10,000 hosts fits. */
const MOST_WAITING = 16_777_216;

const encoder = new TextEncoder();

/** Server-sent events for one reader (HTML, section 9.2). */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** Calls `onEnd` once, when the reader is gone or too slow. */
  constructor(readonly onEnd: () => void) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        cancel: () => {
          this.#controller = undefined;
          onEnd();
        },
      },
      { highWaterMark: MOST_WAITING, size: (chunk) => chunk?.byteLength ?? 0 },
    );
  }

  /** Whether nobody reads it any more. */
  get isEnded(): boolean {
    return this.#controller === undefined;
  }

  /** Sends a text of `eventText`. */
  send(text: string): void {
    if (this.#controller === undefined) return;
    this.#controller.enqueue(encoder.encode(text));
    if ((this.#controller.desiredSize ?? 0) < 0) this.end();
  }

  /** Ends the stream: its reader asks again. */
  end(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    controller.close();
    this.onEnd();
  }
}

/** An event of a stream; the reader says the last `id` that it has heard when it comes back. */
export const eventText = (name: string, data: unknown, id?: number): string =>
  `event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

/** Reads a stream of texts of `eventText`, in whatever pieces it comes, and hands on each event. Throws for what is none of ours. */
export class EventReader {
  #rest = "";

  constructor(readonly hear: (name: string, data: unknown, id: number | undefined) => void) {}

  /** Takes the next piece of the stream. */
  take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)];
        }),
      );
      const [name, data, id] = [fields.get("event"), fields.get("data"), fields.get("id")];
      if (name !== undefined && data !== undefined) {
        this.hear(name, JSON.parse(data), id === undefined ? undefined : Number(id));
      }
    }
  }
}
