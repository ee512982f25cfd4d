/** How much clients may ask for: what they get within a limit and over it, by HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Echo, type Field, RawHttp2, sendHead, sendRaw, statusOf } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs, send, type Stage } from "./stage.ts";

type Data = Readonly<Record<string, unknown>>;

const ask = (stage: Stage, host: string, ...headers: readonly string[]): Promise<string> =>
  sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close", ...headers);

/** The statuses of so many requests, one after another. */
async function askTimes(
  count: number,
  stage: Stage,
  host: string,
  ...headers: readonly string[]
): Promise<string[]> {
  const statuses: string[] = [];
  for (let at = 0; at < count; at++) statuses.push(statusOf(await ask(stage, host, ...headers)));
  return statuses;
}

const post = (host: string, path = "/"): readonly Field[] => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", host],
];

const times = (count: number, status: string): string[] => Array<string>(count).fill(status);

for (const program of programs) {
  const test = (
    sentence: string,
    routes: readonly Data[],
    act: (stage: Stage, echo: Echo, apply: (...routes: readonly Data[]) => Promise<string>) => Promise<void>,
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      // It holds requests for /slow, as it answers those for /echo at once.
      await using echo = new Echo((head) => / \/slow/.test(head) ? null : undefined);
      await onStage(program, { settings: { bind: "::" } }, async (stage) => {
        const apply = async (...routes: readonly Data[]) => {
          const snapshot = JSON.stringify([containerOf("a", echo.port, routes)]);
          return (await stage.apply(want(stage.routing, snapshot, {}))).plan.kind;
        };
        await apply(...routes);
        await act(stage, echo, apply);
      });
    });

  test("a client has as many requests as are said, and 429 with Retry-After for more", [
    { hostname: "hour.local", rate_limit: "3/1h" },
    { hostname: "minute.local", rate_limit: "2/1m", alias_domains: ["same.local"] },
    { hostname: "free.local" },
  ], async (stage, _, apply) => {
    assert.deepEqual(await askTimes(5, stage, "hour.local"), [...times(3, "200"), ...times(2, "429")]);
    // Its other hosts are the same route, and other routes are counted by themselves.
    assert.deepEqual(await askTimes(1, stage, "minute.local"), ["200"]);
    assert.deepEqual(await askTimes(2, stage, "same.local"), ["200", "429"]);
    assert.deepEqual(await askTimes(5, stage, "free.local"), times(5, "200"));
    assert.match(await ask(stage, "same.local"), /^retry-after: 60\r$/im);
    assert.match(await ask(stage, "hour.local"), /^retry-after: 3600\r$/im);
    // Another client, of the other family.
    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "-g", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: hour.local"]
        .concat(`http://[::1]:${stage.httpPort}/`),
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "200");
    // The count stays where the limit is raised.
    const kind = await apply({ hostname: "hour.local", rate_limit: "9/1h" });
    if (kind !== "reload") {
      assert.deepEqual(await askTimes(4, stage, "hour.local"), [...times(3, "200"), "429"]);
    }
  });

  test("requests are counted by the route, or by a header that the route names", [
    { hostname: "all.local", rate_limit: "2/1h", rate_limit_by: "host" },
    { hostname: "key.local", rate_limit: "2/1h", rate_limit_by: "header X-Api-Key" },
  ], async (stage, _, apply) => {
    assert.deepEqual(await askTimes(3, stage, "all.local"), ["200", "200", "429"]);
    const { stdout } = await new Deno.Command("curl", {
      args: [
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "-H",
        "Host: all.local",
        "--interface",
        "127.0.0.2",
      ]
        .concat(`http://127.0.0.1:${stage.httpPort}/`),
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "429");
    assert.deepEqual(await askTimes(3, stage, "key.local", "x-api-KEY: one"), ["200", "200", "429"]);
    assert.deepEqual(await askTimes(3, stage, "key.local", "X-Api-Key: two"), ["200", "200", "429"]);
    assert.deepEqual(await askTimes(2, stage, "key.local", `X-Api-Key: ${"x".repeat(5_000)}|200`), [
      "200",
      "200",
    ]);
    // Those without it are one, and so are those with several: a container may read any of these.
    assert.deepEqual(await askTimes(1, stage, "key.local"), ["200"]);
    assert.deepEqual(await askTimes(1, stage, "key.local", "X-Api-Key: one", "X-Api-Key: three"), ["200"]);
    assert.deepEqual(await askTimes(1, stage, "key.local", "X-Api-Key: four", "X-Api-Key: one"), ["429"]);
    assert.deepEqual(await askTimes(1, stage, "key.local"), ["429"]);
    // By another header, without a reload where servers can be added.
    await apply({ hostname: "key.local", rate_limit: "1/1h", rate_limit_by: "header Authorization" });
    assert.deepEqual(await askTimes(2, stage, "key.local", "Authorization: a"), ["200", "429"]);
    assert.deepEqual(await askTimes(1, stage, "key.local", "Authorization: b"), ["200"]);
  });

  test("what clients choose freely is counted apart from where they come from", [
    { hostname: "all.local", rate_limit: "9/1h", rate_limit_by: "host" },
    { hostname: "own.local", rate_limit: "9/1h" },
    { hostname: "key.local", rate_limit: "9/1h", rate_limit_by: "header X-Api-Key" },
  ], async (stage) => {
    const rows = async (table: string) =>
      [...(await send(stage, `show table ${table}`))[0]?.matchAll(/ key=/g) ?? []].length;
    await askTimes(1, stage, "all.local");
    await askTimes(1, stage, "own.local");
    for (const value of ["one", "two", "three"]) await askTimes(1, stage, "key.local", `X-Api-Key: ${value}`);
    // A full table forgets: however many values there are, no address is forgotten for them.
    assert.deepEqual([await rows("_rate_3600s"), await rows("_rate_header_3600s")], [2, 3]);
  });

  test("a client of HTTP/2 with a body sees 429, 413 and 411", [
    { hostname: "rate.local", rate_limit: "1/1h" },
    { hostname: "body.local", max_body: 10 },
  ], async (stage, echo) => {
    using client = await RawHttp2.open(stage.httpPort);
    const send = async (stream: number, host: string, length: number, fields: readonly Field[] = []) => {
      await client.headers(stream, [...post(host), ...fields], false);
      await client.data(stream, "x".repeat(length), true);
      return await client.status(stream);
    };
    assert.equal(await send(1, "rate.local", 3), "200");
    assert.equal(await send(3, "rate.local", 3), "429");
    assert.equal(await send(5, "body.local", 10, [["content-length", "10"]]), "200");
    assert.equal(await send(7, "body.local", 11, [["content-length", "11"]]), "413");
    assert.equal(await send(9, "body.local", 3), "411");
    assert.equal(await send(11, "body.local", 0), "200");
    await client.headers(13, post("body.local"));
    assert.equal(await client.status(13), "200");
    assert.equal(echo.heads.length, 4);
  });

  test("a body is as long as is said, and says how long it is", [
    { hostname: "body.local", max_body: 10 },
    { hostname: "large.local", max_body: "1m" },
  ], async (stage, echo) => {
    const send = async (host: string, ...rest: readonly string[]) =>
      statusOf(
        await sendRaw(
          stage.httpPort,
          [`POST / HTTP/1.1`, `Host: ${host}`, "Connection: close", ...rest].join("\r\n"),
        ),
      );
    assert.equal(await send("body.local", "Content-Length: 10", "", "0123456789"), "200");
    assert.equal(await send("body.local", "Content-Length: 11", "", "0123456789a"), "413");
    assert.equal(await send("body.local", "Content-Length: 18446744073709551615", "", "0"), "413");
    assert.equal(await send("body.local", "Transfer-Encoding: chunked", "", "3", "abc", "0", "", ""), "411");
    assert.equal(await send("body.local", "Transfer-Encoding: chunked", "", "3", "abc"), "411");
    assert.equal(
      await send("body.local", "Transfer-Encoding: chunked", "Content-Length: 3", "", "ffff", "abc"),
      "411",
    );
    assert.equal(await send("body.local", "", ""), "200");
    assert.equal(await send("large.local", "Content-Length: 1048577", "", "x"), "413");
    assert.equal(await send("large.local", "Content-Length: 1000", "", "x".repeat(1_000)), "200");
    assert.equal(echo.heads.length, 3);
  });

  test("as many requests as are said are under way to a route at a time, and one more gets 503", [
    { hostname: "busy.local", max_requests: 3, alias_domains: ["too.local"], rate_limit: "9999/1h" },
    { hostname: "other.local" },
  ], async (stage, echo, apply) => {
    const open = async (host: string) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
      await connection.write(
        new TextEncoder().encode(`POST /slow HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`),
      );
      return connection;
    };
    const held: Deno.Conn[] = [];
    const underWay = () => echo.heads.filter((head) => head.startsWith("POST /slow")).length;
    // Another request that has been answered may still be under way for HAProxy.
    const hold = async (host: string) => {
      const before = underWay();
      while (underWay() === before) {
        const connection = await open(host);
        held.push(connection);
        let isOver = false;
        void connection.read(new Uint8Array(1_000)).catch(() => null).then(() => isOver = true);
        await eventually(() => isOver || underWay() > before, {
          what: "a request to be under way, or refused",
        });
      }
    };
    try {
      for (const host of ["busy.local", "too.local", "busy.local"]) await hold(host);
      for (const host of ["busy.local", "too.local"]) {
        const refused = await ask(stage, host);
        assert.equal(statusOf(refused), "503");
        assert.match(refused, /^retry-after: 1\r$/im);
      }
      assert.deepEqual(await askTimes(5, stage, "other.local"), times(5, "200"));
      using client = await RawHttp2.open(stage.httpPort);
      await client.headers(1, post("busy.local"), false);
      await client.data(1, "x".repeat(1_000), true);
      assert.equal(await client.status(1), "503");
      // Requests that end make room, and so does a higher limit.
      echo.drop();
      await eventually(async () => statusOf(await ask(stage, "busy.local")) === "200", {
        what: "room for one more",
      });
      for (let at = 0; at < 3; at++) await hold("busy.local");
      assert.equal(statusOf(await ask(stage, "busy.local")), "503");
      await apply({ hostname: "busy.local", max_requests: 4 }, { hostname: "other.local" });
      assert.equal(statusOf(await ask(stage, "busy.local")), "200");
      await apply({ hostname: "busy.local" }, { hostname: "other.local" });
      assert.deepEqual(await askTimes(2, stage, "busy.local"), ["200", "200"]);
      // A worker knows its own alone: after a reload the new one takes as many again, and no more.
      const others = { hostname: "other.local", balance_algorithm: "leastconn" };
      assert.equal(await apply({ hostname: "busy.local", max_requests: 3 }, others), "reload");
      for (let at = 0; at < 3; at++) await hold("busy.local");
      assert.equal(statusOf(await ask(stage, "busy.local")), "503");
    } finally {
      for (const connection of held) connection.close();
    }
  });

  Deno.test(`${called(program)}: no more requests than are said pass through start, change, stop and adoption`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const limited = (id: string, data: Data) =>
        containerOf(id, echo.port, {
          hostname: "rate.local",
          alias_domains: ["same.local"],
          rate_limit: "5/1h",
          rate_limit_by: "host",
          ...data,
        });
      const other = containerOf("z", echo.port, { hostname: "other.local" });
      const seen = new Map<string, number>();
      let isOver = false;
      const client = async (host: string) => {
        while (!isOver) {
          const status = statusOf(await ask(stage, host).catch(() => "HTTP/1.1 none"));
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      };
      // Without peers, a reload begins to count anew, and so does the old worker, for what it has of both clients.
      let most = 5;
      const clients: Promise<void>[] = [];
      const apply = async (...containers: readonly unknown[]) => {
        const before = seen.get("429") ?? 0;
        const { plan } = await stage.apply(want(stage.routing, JSON.stringify([other, ...containers]), {}));
        if (plan.kind === "reload") most += 5 + clients.length;
        if (containers.length > 0) {
          await eventually(() => (seen.get("429") ?? 0) > before + 4, { what: "clients to be refused" });
        }
        assert.ok((seen.get("200") ?? 0) <= most, JSON.stringify([...seen]));
        return plan.kind;
      };
      await stage.apply(want(stage.routing, JSON.stringify([other]), {}));
      clients.push(client("rate.local"), client("same.local"));
      try {
        for (let round = 0; round < 3; round++) {
          await apply(limited("a", {}));
          await apply(limited("b", { max_requests: 9, max_body: "1m" }));
          await apply(limited("b", {}), limited("c", { allow_from: ["127.0.0.1"] }));
          await apply(limited("c", { context_root: "/" }));
          await apply();
        }
        await apply(limited("a", {}));
        await stage.replace();
        await apply(limited("a", {}), limited("b", {}));
        assert.equal(await apply(limited("b", { check_interval: 700 })), "reload");
        await apply();
      } finally {
        isOver = true;
        await Promise.all(clients);
      }
      assert.ok((seen.get("200") ?? 0) >= 5);
      assert.deepEqual([...seen.keys()].filter((status) => !["200", "404", "429"].includes(status)), []);
    });
  });
}
