/** What becomes of a request on its way to a container: what it may say of itself, and what it may not. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

/** A container of ctx.local that serves /pub alone, at an address of the loopback. */
const snapshotOf = (port: number) =>
  JSON.stringify([{
    Id: "c".repeat(64),
    Name: "/heard",
    Created: "2024-01-01T00:00:00Z",
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: {
      Hostname: "ctx.local",
      ExposedPorts: { [`${port}/tcp`]: {} },
      Labels: { "interlock.context_root": "/pub" },
    },
    NetworkSettings: { Networks: { bridge: { IPAddress: "127.17.9.1" } } },
  }]);

/** A container that answers with the head of the request as it came, a line each, in lower case. */
class Echo implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.17.9.1", port: 0 });
  readonly port = this.#listener.addr.port;
  readonly #serving = this.#serve();

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) void this.#answer(connection).catch(() => undefined);
  }

  /** The heads of all requests so far. */
  readonly heads: string[] = [];

  async #answer(connection: Deno.Conn): Promise<void> {
    const head = await readHead(connection);
    if (head !== "") this.heads.push(head);
    // It is silent until its client gives up.
    if (/^get \S*silent/i.test(head)) await readHead(connection);
    else if (head !== "") {
      const isUpgrade = /^upgrade:/im.test(head);
      const first = isUpgrade
        ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
        : `HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(first + head));
    }
    connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

async function readHead(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(8_192);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const size = await connection.read(buffer);
    if (size === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, size));
  }
  return text;
}

/** Sends lines as they are; answers with all that comes back. */
async function send(stage: Stage, ...lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  let text = "";
  const buffer = new Uint8Array(8_192);
  for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
    text += new TextDecoder().decode(buffer.subarray(0, size));
  }
  return text;
}

const getPub = (stage: Stage, ...headers: readonly string[]) =>
  send(stage, "GET /pub HTTP/1.1", "Host: ctx.local", ...headers);

/** Soon enough for a test, and longer than an answer takes. */
const settings = { "server-timeout": "500" };

for (const program of programs) {
  const test = (sentence: string, act: (stage: Stage, echo: Echo) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo();
      await onStage(program, { settings }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(echo.port), {}));
        await act(stage, echo);
      });
    });

  test("a host with a slash in it does not pass for another host's path", async (stage) => {
    const ask = async (host: string, path: string) =>
      (await send(stage, `GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close")).slice(9, 12);
    assert.equal(await ask("ctx.local", "/pub/x"), "200");
    assert.equal(await ask("CTX.local.:80", "/pub"), "200");
    assert.equal(await ask("ctx.local", "/admin"), "404");
    for (const host of ["ctx.local/pub", "ctx.local/pub/", "ctx.local/pub:80", "ctx.local/"]) {
      assert.equal(await ask(host, "/admin"), "400", host);
      assert.equal(await ask(host, "/pub"), "400", host);
    }
  });

  test("no spelling of X-Forwarded and X-Real-IP is believed, and no header of ours is named away", async (stage) => {
    const answer = await getPub(
      stage,
      "x_forwarded_for: 203.0.113.7",
      "X-Forwarded_Proto: gopher",
      "X-Forwarded-Ssl: on",
      "X-Forwarded: for=203.0.113.7",
      "X-Real-IP: 203.0.113.7",
      "X_Client-IP: 203.0.113.7",
      "True-Client-IP: 203.0.113.7",
      "x-forwarded-for: 203.0.113.8",
      "Connection: close, X-Forwarded-For, X-Forwarded-Proto",
    );
    assert.match(answer, /^HTTP\/1.1 200/);
    const heard = answer.split("\r\n").filter((line) => /forwarded|ip:/i.test(line)).map((line) =>
      line.toLowerCase()
    );
    assert.deepEqual(heard.sort(), [
      "x-forwarded-for: 127.0.0.1",
      "x-forwarded-host: ctx.local",
      `x-forwarded-port: ${stage.httpPort}`,
      "x-forwarded-proto: http",
      "x-real-ip: 127.0.0.1",
    ]);
  });

  test("an upgrade is asked of the container, and nothing else that Connection names", async (stage) => {
    const answer = await getPub(
      stage,
      "Upgrade: echo",
      "Connection: keep-alive, Upgrade, X-Forwarded-For",
    );
    assert.match(answer, /^HTTP\/1.1 101/);
    const [, ...heard] = answer.split("\r\n\r\n");
    assert.deepEqual(/^connection: *(.*)$/im.exec(heard.join("\n"))?.[1]?.toLowerCase().trim(), "upgrade");
  });

  test(
    "an upgrade to HTTP/2, a tunnel past all rules, is not asked of the container",
    async (stage, echo) => {
      // Where it is one of several, HAProxy may leave the others.
      for (const protocol of ["h2c", "H2C, echo", "h2", "HTTP/2.0"]) {
        await getPub(
          stage,
          `Upgrade: ${protocol}`,
          "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
          "Connection: Upgrade, HTTP2-Settings, close",
        );
      }
      assert.equal(echo.heads.length, 4);
      assert.doesNotMatch(echo.heads.join("\n"), /h2c|http2|^upgrade:.*(?:h2|http)/im);
    },
  );

  test("what a container takes too long for is not asked of it again", async (stage, echo) => {
    const answer = await send(stage, "GET /pub/silent HTTP/1.1", "Host: ctx.local", "Connection: close");
    assert.match(answer, /^HTTP\/1.1 504/);
    assert.equal(echo.heads.filter((head) => head.includes("silent")).length, 1);
  });
}
