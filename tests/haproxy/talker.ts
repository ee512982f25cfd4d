/** Containers and clients of TCP that say lines: who speaks first, which bytes come in, and how long a session lives. */
import { connect } from "node:net";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { eventually } from "../harness/eventually.ts";
import { certificate } from "./certificate.ts";
import { LOOPBACK } from "./loopback_container.ts";
import { LoopbackServer } from "./loopback_server.ts";

/** A container that greets with its name, and repeats each line with its name in front. */
export class Talker extends LoopbackServer {
  /** All that came in, by connection. */
  readonly heard: string[] = [];

  constructor(readonly name: string) {
    super();
  }

  protected async serve(connection: Deno.Conn): Promise<void> {
    const at = this.heard.push("") - 1;
    await write(connection, `${this.name}\n`);
    const buffer = new Uint8Array(8_192);
    for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
      const text = String.fromCharCode(...buffer.subarray(0, size));
      this.heard[at] += text;
      if (text.endsWith("\n")) await write(connection, `${this.name}: ${text}`);
    }
  }
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  await connection.write(new TextEncoder().encode(text));
}

/** A client of a port that stays connected. */
export class Session implements Disposable {
  #text = "";

  private constructor(readonly connection: Deno.Conn) {}

  /** Connects; throws where the other side ends before it has greeted. */
  static async open(port: number, first = "", from = "127.0.0.1"): Promise<Session> {
    const hostname = from.includes(":") ? "::1" : "127.0.0.1";
    const session = new Session(await Deno.connect({ hostname, port }));
    await write(session.connection, first);
    await session.line();
    return session;
  }

  /** The next line; throws where the other side ends. */
  async line(): Promise<string> {
    const buffer = new Uint8Array(8_192);
    while (!this.#text.includes("\n")) {
      const size = await this.connection.read(buffer);
      if (size === null) throw new Error("the other side has ended");
      this.#text += String.fromCharCode(...buffer.subarray(0, size));
    }
    const [line = "", ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line;
  }

  /** Says a line; answers with the next that comes. */
  async say(text: string): Promise<string> {
    await write(this.connection, `${text}\n`);
    return await this.line();
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }
}

/** Who greets at a port; `refused` where nobody does. */
export async function greeted(port: number, first = ""): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  if (connection === undefined) return "no listener";
  using _connection = connection;
  await write(connection, first).catch(() => undefined);
  const buffer = new Uint8Array(1_024);
  const size = await connection.read(buffer).catch(() => null);
  return size === null ? "refused" : new TextDecoder().decode(buffer.subarray(0, size)).trim();
}

/** A container that speaks TLS, and tells its name and the host that it was asked for. */
export class TlsTalker implements AsyncDisposable {
  private constructor(
    readonly name: string,
    readonly port: number,
    readonly close: () => void,
  ) {}

  static async start(name: string): Promise<TlsTalker> {
    const { cert, key } = await certificate();
    const open = new Set<TLSSocket>();
    const server = createTlsServer({ cert, key }, (socket) => {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => open.delete(socket));
      socket.write(`${name} for ${(socket as unknown as { servername: string }).servername}\n`);
    });
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const address = server.address();
    if (address === null || typeof address !== "object") throw new Error("it does not listen");
    return new TlsTalker(name, address.port, () => {
      for (const socket of open) socket.destroy();
      server.close();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

/** What a client of TLS that asks for a host is told; `refused` where nobody answers. */
export function asked(port: number, servername?: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, rejectUnauthorized: false };
    const socket = connectTls(servername === undefined ? options : { ...options, servername });
    const end = (answer: string) => {
      resolve(answer);
      socket.destroy();
    };
    socket.on("data", (data: Uint8Array) => end(new TextDecoder().decode(data).trim()));
    socket.on("error", () => end("refused"));
    socket.on("close", () => end("refused"));
  });
}

/** Waits until somebody greets at a port as expected. */
export const greets = (port: number, name: string): Promise<unknown> =>
  eventually(async () => await greeted(port) === name, { what: `${name} to greet` });

/** As `asked`, by OpenSSL's own client, which sends the host as it is written. */
export async function askedByOpenssl(port: number, servername: string): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", servername, "-quiet"];
  const client = new Deno.Command("openssl", { args, stdin: "piped", stdout: "piped", stderr: "null" })
    .spawn();
  const reader = client.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  await client.stdin.close();
  client.kill();
  await client.status;
  return value === undefined ? "refused" : new TextDecoder().decode(value).trim();
}

/** A client of TLS that stays connected, by a port or by a socket whose first words are given. */
export class TlsSession implements Disposable {
  readonly #lines: string[] = [];
  #rest = "";
  #isOver = false;
  #wake: () => void = () => undefined;
  greeting = "";

  private constructor(readonly socket: TLSSocket) {
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.on("data", (data: Uint8Array) => {
      const lines = (this.#rest + new TextDecoder().decode(data)).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake();
    });
    socket.on("error", end);
    socket.on("close", end);
  }

  /** Connects; throws where the other side ends before it has greeted. */
  static async open(
    to: number | { readonly path: string; readonly first: string },
    servername: string,
  ): Promise<TlsSession> {
    const way = typeof to === "number" ? { host: "127.0.0.1", port: to } : { socket: connect(to.path) };
    if (typeof to !== "number") way.socket?.write(to.first);
    const session = new TlsSession(connectTls({ ...way, servername, rejectUnauthorized: false }));
    session.greeting = await session.line();
    return session;
  }

  /** The next line; throws where the other side ends. */
  async line(): Promise<string> {
    while (this.#lines.length === 0) {
      if (this.#isOver) throw new Error("the other side has ended");
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#lines.shift() ?? "";
  }

  /** Says a line; answers with the next that comes. */
  async say(text: string): Promise<string> {
    this.socket.write(`${text}\n`);
    return await this.line();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
