/** How often a request is given to containers that refuse it, or that end with it. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { httpGet } from "../harness/http.ts";
import { bytes, RawHttp2 } from "./echo.ts";
import { called, canAddBackends, onStage, programs, type Stage } from "./stage.ts";

const HOST = "deadly.local";
/** How often a request is sent at most. */
const MOST_SENT = 3;

const addressOf = (at: number): string => `127.17.11.${at + 1}`;

/** As many containers of one host as there are addresses to be at, all on one port. */
const snapshotOf = (count: number, port: number, labels: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify(Array.from({ length: count }, (_, at) => ({
    Id: `${at}`.repeat(64),
    Name: `/deadly${at}`,
    Created: "2024-01-01T00:00:00Z",
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: {
      Hostname: HOST,
      ExposedPorts: { [`${port}/tcp`]: {} },
      // No check is to find out first.
      Labels: { "interlock.health_check_interval": "3600000", ...labels },
    },
    NetworkSettings: { Networks: { bridge: { IPAddress: addressOf(at) } } },
  })));

/** A container that hears requests and answers those that it survives; one that it does not ends its connection. */
class Mortal implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #listener: Deno.Listener;
  #isOver = false;
  readonly #serving: Promise<void>;

  constructor(hostname: string, port: number, readonly survives: (path: string) => boolean) {
    this.#listener = Deno.listen({ hostname, port });
    this.#serving = this.#serve();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async #serve(): Promise<void> {
    while (!this.#isOver) {
      // One that was reset already, as HAProxy's checks are, is none.
      const connection = await this.#listener.accept().catch(() => undefined);
      if (connection !== undefined) void this.#answer(connection).catch(() => undefined);
    }
  }

  async #answer(connection: Deno.Conn): Promise<void> {
    const buffer = new Uint8Array(8_192);
    const size = await connection.read(buffer) ?? 0;
    const [method = "", path = ""] = new TextDecoder().decode(buffer.subarray(0, size)).split(" ");
    if (method !== "") this.heard.push(`${method} ${path}`);
    if (this.survives(path)) {
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    }
    connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    await this.#serving;
  }
}

/** What a route may ask for of which HAProxy makes a filter, and how tests call it. */
const FILTERS = {
  "of a plain route": {},
  "of one that caches": { "interlock.cache": "true" },
  "of one that compresses": { "interlock.compress": "true" },
};

for (const program of programs) {
  const ask = async (stage: Stage, method: string, path: string, headers: Record<string, string> = {}) =>
    (await httpGet({ port: stage.httpPort, host: HOST, method, path, headers })).status;

  Deno.test(`${called(program)}: a request that ends its containers is given to three at most, one with effects to one`, async () => {
    const survives = (path: string) => path !== "/deadly";
    await using first = new Mortal(addressOf(0), 0, survives);
    await using second = new Mortal(addressOf(1), first.port, survives);
    await using third = new Mortal(addressOf(2), first.port, survives);
    await using fourth = new Mortal(addressOf(3), first.port, survives);
    await using fifth = new Mortal(addressOf(4), first.port, survives);
    const all = [first, second, third, fourth, fifth];
    const heard = (request: string) => all.flatMap(({ heard }) => heard).filter((each) => each === request);
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, snapshotOf(all.length, first.port), {}));
      assert.equal(await ask(stage, "GET", "/deadly"), 502);
      assert.equal(heard("GET /deadly").length, MOST_SENT);
      assert.equal(await ask(stage, "POST", "/deadly"), 502);
      assert.equal(heard("POST /deadly").length, 1);
      assert.equal(await ask(stage, "GET", "/harmless"), 200);
    });
  });

  Deno.test(`${called(program)}: a request that two containers ended with is answered by the third`, async () => {
    let sent = 0;
    const survives = () => ++sent >= MOST_SENT;
    await using first = new Mortal(addressOf(0), 0, survives);
    await using _second = new Mortal(addressOf(1), first.port, survives);
    await using _third = new Mortal(addressOf(2), first.port, survives);
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, snapshotOf(3, first.port), {}));
      // HAProxy keeps a copy of each: of a short one in a small buffer, where it has those.
      for (const note of ["short", "long ".repeat(1_200)]) {
        sent = 0;
        assert.equal(await ask(stage, "GET", "/", { "X-Note": note }), 200);
        assert.equal(sent, MOST_SENT);
      }
    });
  });

  for (const [what, labels] of Object.entries(FILTERS)) {
    Deno.test(`${called(program)}: a request that no container answers leaves nothing behind in HAProxy, ${what}`, async () => {
      await using only = new Mortal(addressOf(0), 0, (path) => path !== "/deadly");
      // Of which one client has half.
      await onStage(program, { settings: { "max-connections": "60" } }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(1, only.port, labels), {}));
        for (let at = 0; at < 40; at++) assert.equal(await ask(stage, "GET", "/deadly"), 502);
        assert.equal(only.heard.length, 40 * MOST_SENT);
        using client = await RawHttp2.open(stage.httpPort);
        const get = async (at: number, path: string) => {
          const fields = [[":method", "GET"], [":scheme", "http"], [":authority", HOST], [
            ":path",
            path,
          ]] as const;
          await client.headers(2 * at + 1, fields);
          return await client.status(2 * at + 1);
        };
        // HAProxy 2.6 tells clients of HTTP/2 that they may send it again, where it has no Lua for that.
        for (let at = 0; at < 25; at++) assert.match(await get(at, "/deadly"), /^(?:502|reset)$/);
        assert.equal(await get(25, "/"), "200");
      });
    });
  }

  Deno.test(`${called(program)}: a connection goes on after a request that no container answered, beside a cache`, async () => {
    await using only = new Mortal(addressOf(0), 0, (path) => path !== "/deadly");
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, snapshotOf(1, only.port, { "interlock.cache": "true" }), {}));
      const head = (path: string, ...fields: readonly string[]) =>
        [`GET ${path} HTTP/1.1`, `Host: ${HOST}`, ...fields, "", ""].join("\r\n");
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
      await connection.write(bytes(head("/deadly") + head("/", "Connection: close")));
      const answers = await new Response(connection.readable).text();
      assert.deepEqual([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status), [
        "502",
        "200",
      ]);
    });
  });

  Deno.test(`${called(program)}: a request is answered where all containers but one of three refuse connections`, async () => {
    await using only = new Mortal(addressOf(2), 0, () => true);
    for (const labels of Object.values(FILTERS)) {
      await onStage(program, {}, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(3, only.port, labels), {}));
        for (const method of ["GET", "POST"]) {
          for (let at = 0; at < 3; at++) assert.equal(await ask(stage, method, "/"), 200);
        }
      });
    }
  });

  // Where HAProxy adds backends, one number counts both kinds.
  if (canAddBackends(program)) continue;
  Deno.test(`${called(program)}: a request is answered where all containers but one refuse connections`, async () => {
    await using only = new Mortal(addressOf(6), 0, () => true);
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, snapshotOf(7, only.port), {}));
      for (const method of ["GET", "POST"]) {
        for (let at = 0; at < 7; at++) assert.equal(await ask(stage, method, "/"), 200);
      }
    });
  });
}
