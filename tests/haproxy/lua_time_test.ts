/** HAProxy's Lua reads what clients and services say once: no text of theirs makes it stand still, and what fails opens nothing. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import { want } from "../changes/situation.ts";
import { Containers } from "./containers_of_routes.ts";
import { eventually } from "../harness/eventually.ts";
import { bytes, Echo, sendHead, statusOf } from "./echo.ts";
import { guardedContainer } from "./guarded.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

const LONG = 15_000;
/** What a pattern without an anchor reads again from each of its characters. */
const SLOW_COOKIES = [
  "a".repeat(LONG),
  " ".repeat(LONG) + "a",
  `a=${" ".repeat(LONG)}a`,
  "a=;".repeat(LONG / 3),
];

const ask = async (stage: Stage, host: string, ...fields: readonly string[]) =>
  statusOf(await sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close", ...fields));

const SAID = {
  plain: { hostname: "w.test" },
  beta: {
    hostname: "w.test",
    match_cookies: ["beta=1"],
    basic_auth: ["ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="],
  },
};

/** A client that has asked for own.local, and waits. */
class Asking implements Disposable {
  status = "";

  private constructor(readonly connection: Deno.Conn) {}

  static async open(port: number): Promise<Asking> {
    const asking = new Asking(await Deno.connect({ hostname: "127.0.0.1", port }));
    await asking.connection.write(bytes("GET / HTTP/1.1\r\nHost: own.local\r\n\r\n"));
    void asking.#read().catch(() => undefined);
    return asking;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(4_096);
    const size = await this.connection.read(buffer) ?? 0;
    this.status = statusOf(new TextDecoder().decode(buffer.subarray(0, size)));
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }
}

/** Templates whose Lua finds no variant, as without memory. */
async function failing(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-templates-" });
  const text = BUILTIN_TEMPLATES["variants.lua.eta"]?.replace(
    "  local seen = {}\n",
    '  error("not enough memory")\n',
  );
  await Deno.writeTextFile(`${folder}/variants.lua.eta`, text ?? "");
  return folder;
}

for (const program of programs) {
  Deno.test(`${called(program)}: no cookie makes HAProxy stand still while it looks for a variant`, async () => {
    await using containers = new Containers("plain", "beta");
    await onStage(program, {}, async (stage) => {
      await containers.apply(stage, SAID);
      const all = SLOW_COOKIES.flatMap((cookie) => Array.from({ length: 6 }, () => `Cookie: ${cookie}`));
      const statuses = await Promise.all(all.map((cookie) => ask(stage, "w.test", cookie)));
      assert.deepEqual(new Set(statuses), new Set(["200"]));
      assert.equal(await ask(stage, "w.test", "Cookie: a= b;  beta=1 ; c"), "401");
      assert.deepEqual(stage.events, []);
    });
  });

  Deno.test(`${called(program)}: no answer of a service of forward_auth makes HAProxy stand still`, async () => {
    await using echo = new Echo();
    await using service = new Echo(() =>
      `HTTP/1.0 200 OK\r\nX-A: a${" ".repeat(LONG)}a\r\nConnection: close\r\n\r\n`
    );
    await onStage(program, {}, async (stage) => {
      const containers = [
        guardedContainer("a", echo.port, { hostname: "own.local", forward_auth: `e:${service.port}` }),
        guardedContainer("e", service.port, { enable: false }),
      ];
      await stage.apply(want(stage.routing, JSON.stringify(containers), {}));
      const statuses = await Promise.all(Array.from({ length: 8 }, () => ask(stage, "own.local")));
      assert.deepEqual(new Set(statuses), new Set(["200"]));
      assert.deepEqual(stage.events, []);
    });
  });

  Deno.test(`${called(program)}: where Lua fails, no request of a host with variants gets to a container`, async () => {
    await using containers = new Containers("plain", "beta");
    const folder = await failing();
    try {
      await onStage(program, { settings: { templates: folder } }, async (stage) => {
        await containers.apply(stage, { ...SAID, other: { hostname: "other.test" } });
        assert.equal(await ask(stage, "w.test"), "503");
        assert.equal(await ask(stage, "w.test", "Cookie: beta=1"), "503");
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  // Each thread of later versions has seats of its own.
  if (program !== programs[0]) continue;
  Deno.test(`${called(program)}: so many requests of one route ask a service at a time that others still can`, async () => {
    await using echo = new Echo();
    await using silent = new Echo(() => null);
    await using service = new Echo(() => "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
    await onStage(program, { settings: { "max-connections": "1000" } }, async (stage) => {
      const containers = [
        guardedContainer("a", echo.port, { hostname: "own.local", forward_auth: `e:${silent.port}` }),
        guardedContainer("b", echo.port, { hostname: "other.local", forward_auth: `f:${service.port}` }),
        guardedContainer("e", silent.port, { enable: false }),
        guardedContainer("f", service.port, { enable: false }),
      ];
      await stage.apply(want(stage.routing, JSON.stringify(containers), {}));
      const crowd = await Promise.all(Array.from({ length: 300 }, () => Asking.open(stage.httpPort)));
      try {
        const refused = () => crowd.filter(({ status }) => status === "503").length;
        await eventually(() => refused() + silent.heads.length >= 300, {
          what: "a refusal or a question of each",
        });
        assert.deepEqual([refused(), silent.heads.length], [172, 128]);
        assert.equal(await ask(stage, "other.local"), "200");
        // Another client of the same route has its own part.
        const other = new AbortController();
        const args = [
          "-s",
          "--interface",
          "127.0.0.2",
          "-H",
          "Host: own.local",
          `http://127.0.0.1:${stage.httpPort}/`,
        ];
        const asking = new Deno.Command("curl", { args, stdout: "null", signal: other.signal }).spawn();
        await eventually(() => silent.heads.length === 129, { what: "another client's question" });
        other.abort();
        await asking.status;
      } finally {
        for (const asking of crowd) asking[Symbol.dispose]();
      }
      // Who leaves gives the seat back.
      await eventually(async () => {
        using _again = await Asking.open(stage.httpPort);
        return await eventually(() => silent.heads.length > 129, { what: "a question", limitMs: 500 });
      }, { what: "a free seat" });
      assert.deepEqual(stage.events, []);
    });
  });
}
