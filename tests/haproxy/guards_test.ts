/**
 * Each key that protects, on every HAProxy: a client in a tight loop that it refuses never gets to a container, whatever comes, changes
 * and goes.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { keysOf } from "../../lib/core/keys/options.ts";
import { keyNamed } from "../../lib/core/keys/route_keys.ts";
import { HOSTS_MAP } from "../../lib/core/values/table.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { curl, WAYS } from "./answered.ts";
import { certificate } from "./certificate.ts";
import { Echo, sendRaw, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs, send, type Stage } from "./stage.ts";

const salted = (password: string): string =>
  `ann:{SHA256}s4lt$${createHash("sha256").update(`s4lt${password}`).digest("hex")}`;

/** What a container says at first and later, and the status of those whom both refuse. */
type Guard = { readonly values: readonly [unknown, unknown]; readonly status: string };

const GUARDS: Readonly<Record<string, Guard>> = {
  ssl_only: { values: [true, "yes"], status: "308" },
  allow_from: { values: [["192.0.2.1"], ["127.0.0.2", "10.0.0.0/8"]], status: "403" },
  deny_from: { values: [["127.0.0.0/8"], ["internal"]], status: "403" },
  max_body: { values: [10, "20"], status: "413" },
  maintenance: { values: [true, "<h1>Back soon</h1>"], status: "503" },
  basic_auth: { values: [[salted("one")], [salted("two")]], status: "401" },
};

/** Those that let some requests in, or ask others, have such a loop of their own. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  rate_limit: "limits_test.ts",
  rate_limit_by: "limits_test.ts",
  max_requests: "limits_test.ts",
  client_ca: "client_ca_test.ts",
  forward_auth: "forward_auth_test.ts",
};

Deno.test("each key of a route that protects is tried by a client in a loop", () => {
  const guards = keysOf("route").filter((key) => keyNamed(key).isGuard === true);
  assert.deepEqual([...guards].sort(), [...Object.keys(GUARDS), ...Object.keys(ELSEWHERE)].sort());
});

/** What a container says that lets the test's client in, and the status where its rows are gone. */
const ADMITTING: Readonly<Record<string, { readonly said: object; readonly status: string }>> = {
  allow_from: { said: { allow_from: ["127.0.0.0/8"] }, status: "403" },
  deny_from: { said: { deny_from: ["192.0.2.1"] }, status: "403" },
  basic_auth: { said: { basic_auth: [salted("one")] }, status: "401" },
  rate_limit: { said: { rate_limit: "100/1h" }, status: "503" },
  rate_limit_by: { said: { rate_limit: "100/1h", rate_limit_by: "host" }, status: "503" },
  max_requests: { said: { max_requests: 9 }, status: "503" },
  max_body: { said: { max_body: "1m" }, status: "503" },
};

const hostOf = (key: string): string => `${key.replaceAll("_", "-")}.local`;

/** Clients that ask again and again, each for one host; they count what they see. */
class Clients implements AsyncDisposable {
  readonly seen = new Map(Object.keys(GUARDS).map((key) => [key, new Map<string, number>()]));
  readonly #loops: readonly Promise<void>[];
  #isOver = false;

  constructor(readonly stage: Stage) {
    this.#loops = Object.keys(GUARDS).map((key) => this.#ask(key));
  }

  count(key: string): number {
    return this.seen.get(key)?.get(GUARDS[key]?.status ?? "") ?? 0;
  }

  async #ask(key: string): Promise<void> {
    const lines = ["POST /x HTTP/1.1", `Host: ${hostOf(key)}`, "Content-Length: 50", "Connection: close"];
    const seen = this.seen.get(key);
    while (!this.#isOver) {
      const text = `${lines.join("\r\n")}\r\n\r\n${"x".repeat(50)}`;
      // HAProxy may close before it has read the body.
      const status = statusOf(await sendRaw(this.stage.httpPort, text).catch(() => ""));
      seen?.set(status, (seen.get(status) ?? 0) + 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }
}

/** A container for each host; `at` says which of its key's values it says, if any. */
const all = (id: string, port: number, at?: 0 | 1): readonly object[] =>
  Object.entries(GUARDS).map(([key, { values }], number) =>
    containerOf(`${id}${number}`, port, {
      hostname: hostOf(key),
      ...at !== undefined && { [key]: values[at] },
    })
  );

for (const program of programs) {
  Deno.test(`${called(program)}: nobody gets past a key that protects, through start, change, stop, adoption and reload`, async () => {
    await using echo = new Echo();
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      const other = containerOf("z", echo.port, { hostname: "other.local" });
      const apply = (...containers: readonly object[]) =>
        stage.apply(want(stage.routing, JSON.stringify([other, ...containers]), {}));
      await apply();
      await using clients = new Clients(stage);
      /** Each client looks at what there is now. */
      const looked = async () => {
        const before = new Map(Object.keys(GUARDS).map((key) => [key, clients.count(key)]));
        await eventually(() => [...before].every(([key, count]) => clients.count(key) > count + 1), {
          what: "each client to be refused",
        });
      };
      for (let round = 0; round < 2; round++) {
        for (
          const now of [
            [all("a", echo.port, 0)],
            [all("a", echo.port, 1)],
            // One that says nothing joins; then one that says it takes the place of both.
            [all("a", echo.port, 1), all("b", echo.port)],
            [all("c", echo.port, 0), all("b", echo.port)],
            [all("c", echo.port, 0)],
          ]
        ) {
          await apply(...now.flat());
          await looked();
        }
        if (round > 0) {
          await stage.replace();
          await apply(...all("c", echo.port, 0));
          await looked();
          stage.applier.loader.request.ask({ kind: "asked", detail: "a test" });
          assert.equal((await apply(...all("c", echo.port, 1))).plan.kind, "reload");
          await looked();
        }
        await apply();
      }
      for (const [key, { status }] of Object.entries(GUARDS)) {
        const statuses = [...clients.seen.get(key)?.keys() ?? []];
        assert.deepEqual(statuses.filter((each) => !["", "404", "503", status].includes(each)), [], key);
      }
    });
    assert.deepEqual(echo.heads, [], "no request came to a container");
  });

  Deno.test(`${called(program)}: curl, which sends a body over HTTP/2, sees each refusal`, async () => {
    await using echo = new Echo();
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      const moved = {
        hostname: "new.local",
        redirects: ["old.local http://new.local 307"],
        canonical_host: "www",
      };
      const containers = [...all("a", echo.port, 0), containerOf("m", echo.port, moved)];
      await stage.apply(want(stage.routing, JSON.stringify(containers), {}));
      const expected = {
        ...Object.fromEntries(Object.entries(GUARDS).map(([key, { status }]) => [hostOf(key), status])),
        "nobody.local": "404",
        "old.local": "307",
        "new.local": "308",
      };
      for (const way of WAYS) {
        // The longer one is nearly all that one buffer takes.
        for (const length of [1_000, 15_000]) {
          for (const [host, status] of Object.entries(expected)) {
            const answer = await curl(stage.httpPort, host, "/", way, "--data", "x".repeat(length));
            assert.equal(answer.status, status, `${way} ${host}, ${length} bytes`);
          }
        }
      }
    });
    assert.deepEqual(echo.heads, []);
  });

  Deno.test(`${called(program)}: a route whose flag says that it is protected is closed where the rows for it are gone`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const containers = Object.entries(ADMITTING).map(([key, { said }], at) =>
        containerOf(`a${at}`, echo.port, { hostname: hostOf(key), ...said })
      );
      await stage.apply(want(stage.routing, JSON.stringify(containers), {}));
      const user = ["--user", "ann:one", "--data", "x"];
      const statusesOf = async () => {
        const found: Record<string, string> = {};
        for (const key of Object.keys(ADMITTING)) {
          found[key] = (await curl(stage.httpPort, hostOf(key), "/", "--http1.1", ...user)).status;
        }
        return found;
      };
      const keys = Object.keys(ADMITTING);
      assert.deepEqual(await statusesOf(), Object.fromEntries(keys.map((key) => [key, "200"])));
      const tables = [...stage.applier.running?.tables.keys() ?? []].filter((table) => table !== HOSTS_MAP);
      await send(stage, ...tables.map((table) => `clear map ${table}`));
      const before = echo.heads.length;
      assert.deepEqual(
        await statusesOf(),
        Object.fromEntries(Object.entries(ADMITTING).map(([key, { status }]) => [key, status])),
      );
      assert.equal(echo.heads.length, before, "no request came to a container");
    });
  });
}
