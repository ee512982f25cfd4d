import type { Clock } from "../ports.ts";

/** An answer whose bytes others have too: they are written as they are, where a copy for each of many readers would fill the memory. */
export class SharedResponse extends Response {
  constructor(readonly shared: Uint8Array<ArrayBuffer>, init: ResponseInit) {
    super(null, init);
  }
}

/** What a small server serves. */
export type SmallServerSettings = {
  readonly listen: () => Deno.Listener;
  /** Connections at a time. */
  readonly most: number;
  /** `client` is the address that a request comes from; empty for one that comes by a unix socket. */
  readonly answer: (request: Request, client: string) => Response | Promise<Response>;
  /** The answer where that throws. */
  readonly onError: (error: unknown) => Response;
  readonly clock: Clock;
  /** How long a request's head, and then its answer, may take, in milliseconds. */
  readonly limits?: { readonly headMs: number; readonly answerMs: number };
};

/** A request is a few hundred bytes, sent at once; an answer may need HAProxy, which takes a moment. */
const LIMITS = { headMs: 10_000, answerMs: 20_000 };
const LONGEST_HEAD = 16_384;

/** An answer without an end: what comes of it is written at once, until the client goes. */
const STREAM = "text/event-stream";

/**
 * An HTTP server for requests without a body, each on a connection of its own. It has a fixed number of connections. Where
 * all are taken, the connection that has waited longest for its request is closed, so that silent clients keep no others
 * out. Deno's own server has no such limits.
 */
export class SmallServer {
  /** Rejects where no connection can be accepted any more. */
  readonly finished: Promise<void>;
  readonly #listener: Deno.Listener;
  /** Connections whose request is incomplete, the oldest first. */
  readonly #asking = new Set<Deno.Conn>();
  readonly #answering = new Map<Deno.Conn, Promise<void>>();
  /** Those of them whose answers have no end. */
  readonly #streaming = new Set<Deno.Conn>();
  #isClosed = false;

  constructor(readonly settings: SmallServerSettings) {
    this.#listener = settings.listen();
    this.finished = this.#accept();
  }

  /** Ends it, with its last answers. */
  async shutdown(): Promise<void> {
    this.#isClosed = true;
    close(this.#listener);
    this.#asking.forEach(close);
    this.#streaming.forEach(close);
    await Promise.all(this.#answering.values());
  }

  async #accept(): Promise<void> {
    while (!this.#isClosed) {
      let connection: Deno.Conn;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (this.#isClosed) return;
        close(this.#listener);
        throw error;
      }
      if (this.#asking.size + this.#answering.size >= this.settings.most) {
        const [oldest] = this.#asking;
        close(oldest ?? connection);
        if (oldest === undefined) continue;
        this.#asking.delete(oldest);
      }
      this.#asking.add(connection);
      void this.#serve(connection);
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    const { clock, limits: { headMs, answerMs } = LIMITS } = this.settings;
    const patience = new Patience(clock, () => close(connection));
    patience.last(headMs);
    try {
      const head = await readHead(connection);
      // It was closed to make room for another one.
      if (!this.#asking.delete(connection) || head === undefined) return;
      patience.last(answerMs);
      const answering = this.#answer(connection, head, patience).catch(() => undefined);
      this.#answering.set(connection, answering);
      await answering;
    } catch {
      // The client went away, or took too long.
    } finally {
      patience.end();
      this.#asking.delete(connection);
      this.#answering.delete(connection);
      close(connection);
    }
  }

  async #answer(connection: Deno.Conn, head: string, patience: Patience): Promise<void> {
    const request = parseRequest(head);
    const response = typeof request === "number"
      ? new Response("", { status: request })
      : await Promise.resolve(clientAt(connection)).then((client) => this.settings.answer(request, client))
        .catch(this.settings.onError);
    const lines = [`HTTP/1.1 ${response.status} ${response.ok ? "OK" : ""}`];
    response.headers.forEach((value, name) => lines.push(`${name}: ${value}`));
    const encoder = new TextEncoder();
    if (response.headers.get("content-type") === STREAM && response.body !== null) {
      await writeAll(connection, encoder.encode([...lines, "connection: close", "", ""].join("\r\n")));
      return await this.#stream(connection, response.body, patience);
    }
    const body = response instanceof SharedResponse
      ? response.shared
      : new Uint8Array(await response.arrayBuffer());
    lines.push(`content-length: ${body.length}`, "connection: close", "", "");
    await writeAll(connection, encoder.encode(lines.join("\r\n")));
    if (!head.startsWith("HEAD ")) await writeAll(connection, body);
    await connection.closeWrite();
  }

  /** Writes what comes, until the client goes away or does not read in time. */
  async #stream(
    connection: Deno.Conn,
    body: ReadableStream<Uint8Array>,
    patience: Patience,
  ): Promise<void> {
    const { answerMs } = this.settings.limits ?? LIMITS;
    const reader = body.getReader();
    this.#streaming.add(connection);
    if (this.#isClosed) close(connection);
    void untilClosed(connection).then(() => reader.cancel().catch(() => undefined));
    try {
      for (;;) {
        patience.end();
        const { value, done } = await reader.read();
        if (done) break;
        patience.last(answerMs);
        await writeAll(connection, value);
      }
      await connection.closeWrite();
    } finally {
      this.#streaming.delete(connection);
      await reader.cancel().catch(() => undefined);
    }
  }
}

/** How long what is under way may still last. */
class Patience {
  #cancel = () => {};

  constructor(readonly clock: Clock, readonly onLate: () => void) {}

  /** So many milliseconds from now on, in place of what was said before. */
  last(milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.clock.after(milliseconds, this.onLate);
  }

  /** As long as it likes. */
  end(): void {
    this.#cancel();
    this.#cancel = () => {};
  }
}

const clientAt = ({ remoteAddr }: Deno.Conn): string => "hostname" in remoteAddr ? remoteAddr.hostname : "";

/** Resolves when a client closes its connection; what it sends until then is none of ours. */
async function untilClosed(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(512);
  try {
    while (await connection.read(buffer) !== null);
  } catch {
    // It was closed by us, or reset.
  }
}

/** The text up to the empty line, `undefined` where it does not come; one that is too long comes as it is. */
async function readHead(connection: Deno.Conn): Promise<string | undefined> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4_096);
  for (let text = "";;) {
    const size = await connection.read(buffer);
    if (size === null) return undefined;
    text += decoder.decode(buffer.subarray(0, size), { stream: true });
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0 && end <= LONGEST_HEAD) return text.slice(0, end);
    if (text.length > LONGEST_HEAD) return text;
  }
}

/** The request of a head (RFC 9112), or the status that refuses it. */
function parseRequest(head: string): Request | number {
  if (head.length > LONGEST_HEAD) return 431;
  const [first = "", ...lines] = head.split("\r\n");
  const [, method, target = ""] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? [];
  const fields = lines.map(parseField).filter((field) => field !== undefined);
  if (method === undefined || fields.length < lines.length) return 400;
  const hosts = fields.filter(([name]) => name.toLowerCase() === "host");
  const host = hosts[0]?.[1] ?? "";
  if (hosts.length > 1) return 400;
  try {
    // A proxy's form names the host twice.
    const url = new URL(target.startsWith("/") ? `http://localhost${target}` : target);
    if (!target.startsWith("/") && url.host !== host.toLowerCase()) return 400;
    return new Request(url, { method, headers: new Headers(fields) });
  } catch {
    return 400;
  }
}

/** One field. `trim` takes the blanks off: an expression that fails behind 16 kB of them would hold signalbox for an hour. */
function parseField(line: string): [name: string, value: string] | undefined {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  const value = line.slice(colon + 1);
  // deno-lint-ignore no-control-regex
  const isField = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
  return isField ? [name, value.trim()] : undefined;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

function close(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
