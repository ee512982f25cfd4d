/** What one client can hold, and what is left for the others beside it. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { connectionLimits, limitsEnvironment } from "../../lib/core/config/descriptors.ts";
import { processLimits } from "../../lib/haproxy/process/descriptor_limit.ts";
import { eventually } from "../harness/eventually.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";
import { openStreams } from "./h2_client.ts";

/** The answer to a key of sixteen zeros (RFC 6455, 4.2.2). */
const SWITCHED = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=",
  "",
  "",
].join("\r\n");

/** A container that hears requests, and answers all but those for /slow, which it holds. */
class Holder implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.17.12.1", port: 0 });
  readonly port = this.#listener.addr.port;
  #isOver = false;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving = this.#serve();
  held = 0;

  async #serve(): Promise<void> {
    while (!this.#isOver) {
      // One that was reset already is none.
      const connection = await this.#listener.accept().catch(() => undefined);
      if (connection === undefined) continue;
      this.#open.add(connection);
      void this.#answer(connection).catch(() => undefined);
    }
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let text = "";
    while (!text.includes("\r\n\r\n")) {
      const size = await connection.read(buffer);
      if (size === null) break;
      text += new TextDecoder().decode(buffer.subarray(0, size));
    }
    if (text.includes(" /slow ")) this.held++;
    else if (text.includes(" /upgrade ")) {
      await connection.write(new TextEncoder().encode(SWITCHED));
    } else if (!/content-length: [1-9]/i.test(text)) {
      // As large as what it was asked with, so that answers of that size are shown to pass too.
      const pad = /^x-pad: *(\S*)/im.exec(text)?.[1] ?? "";
      const head = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Pad: ${pad}\r\nConnection: close\r\n\r\nok`;
      await connection.write(new TextEncoder().encode(head));
      connection.close();
      this.#open.delete(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    await this.#serving;
  }
}

const snapshotOf = (port: number): string =>
  JSON.stringify([{
    Id: "d".repeat(64),
    Name: "/holder",
    Created: "2024-01-01T00:00:00Z",
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: { Hostname: "held.local", ExposedPorts: { [`${port}/tcp`]: {} } },
    NetworkSettings: { Networks: { bridge: { IPAddress: "127.17.12.1" } } },
  }]);

/** Connects, sends lines, and leaves the connection open. */
async function open(stage: Stage, ...lines: readonly string[]): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`)).catch(() => 0);
  return connection;
}

/** All that comes until the other side closes. */
async function readAll(connection: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const size = await connection.read(buffer).catch(() => null);
    if (size === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, size));
  }
}

/** The status that a client at another address gets. */
async function askFromElsewhere(stage: Stage, path: string): Promise<string> {
  const { stdout } = await new Deno.Command("curl", {
    args: ["--silent", "--max-time", "20", "--interface", "127.0.0.2", "--output", "/dev/null"]
      .concat("--write-out", "%{http_code}", "--header", "Host: held.local")
      .concat(`http://127.0.0.1:${stage.httpPort}${path}`),
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

/** A request whose body does not come. */
const UPLOAD = ["POST /upload HTTP/1.1", "Host: held.local", "Content-Length: 100"];

const tellsClients = (program: HaproxyProgram): boolean => Number(program.version.split(".")[0]) >= 3;

for (const program of programs) {
  const test = (
    sentence: string,
    settings: Readonly<Record<string, string>>,
    act: (stage: Stage, holder: Holder) => Promise<void>,
    env: Readonly<Record<string, string>> = {},
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using holder = new Holder();
      await onStage(program, { settings, env }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(holder.port), {}));
        await act(stage, holder);
      });
    });

  const holds = async (stage: Stage, count: number, held: number) => {
    const connections: Deno.Conn[] = [];
    try {
      let closed = 0;
      for (let at = 0; at < count; at++) {
        const connection = await open(stage, ...UPLOAD).catch(() => undefined);
        if (connection === undefined) {
          closed++;
          continue;
        }
        connections.push(connection);
        void readAll(connection).then(() => closed++);
      }
      await eventually(() => closed === count - held, { what: `all but ${held} of ${count} to be closed` });
      assert.equal(await askFromElsewhere(stage, "/"), "200");
      assert.equal(await askFromElsewhere(stage, "/haproxy?monitor"), "200");
      assert.equal(closed, count - held);
    } finally {
      for (const connection of connections) connection.close();
    }
  };

  test(
    "one client holds half of the connections at most, and others are served beside it",
    { "max-connections": "40" },
    (stage) => holds(stage, 45, 20),
  );

  test(
    "one client holds as many connections as are said, or all",
    { "max-connections": "40", "max-connections-per-client": "5" },
    async (stage, holder) => {
      await holds(stage, 10, 5);
      await stage.replace({ "max-connections-per-client": "0" });
      await stage.apply(want(stage.routing, snapshotOf(holder.port), {}));
      await holds(stage, 10, 10);
    },
  );

  test(
    "a client with more requests in its connections than HAProxy has descriptors keeps nobody else out",
    { "max-connections": "2048" },
    async (stage, holder) => {
      const connections: Deno.Conn[] = [];
      try {
        for (let at = 0; at < 60; at++) {
          const connection = await openStreams(stage.httpPort, 100, "held.local", "/slow");
          connections.push(connection);
          void readAll(connection);
        }
        await eventually(() => holder.held >= 60, { what: "the requests to be held" });
        for (let at = 0; at < 20; at++) assert.equal(await askFromElsewhere(stage, "/"), "200");
      } finally {
        for (const connection of connections) connection.close();
      }
    },
    limitsEnvironment(
      connectionLimits({ maxConnections: 2048, hasTcpPorts: false }, (await processLimits()).descriptors),
    ),
  );

  test("a head of 60 kB and 300 lines passes in both directions where that is asked for", {
    "header-size": "65536",
  }, async (stage) => {
    const many = Array.from({ length: 300 }, (_, at) => `X-${at}: x`);
    using connection = await open(
      stage,
      "GET / HTTP/1.1",
      "Host: held.local",
      "Connection: close",
      `X-Pad: ${"x".repeat(60_000)}`,
      ...many,
    );
    const answer = await readAll(connection);
    assert.match(answer, /^HTTP\/1.1 200/);
    assert.match(answer, /x-pad: x{60000}\r/i);
  });

  test("a client that stops in the middle of an upload took too long", {
    "client-timeout": "300",
    "server-timeout": "300",
  }, async (stage) => {
    using connection = await open(stage, ...UPLOAD);
    // HAProxy 2.6 waits for the container, and takes it for the one that is slow.
    assert.match(await readAll(connection), tellsClients(program) ? /^HTTP\/1.1 408/ : /^HTTP\/1.1 504/);
  });

  test("a tunnel in which nobody speaks ends after the time that is said", {
    "tunnel-timeout": "300",
  }, async (stage) => {
    using connection = await open(
      stage,
      "GET /upgrade HTTP/1.1",
      "Host: held.local",
      "Upgrade: websocket",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Connection: Upgrade",
    );
    assert.match(await readAll(connection), /^HTTP\/1.1 101/);
  });
}
