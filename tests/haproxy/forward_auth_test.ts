/** A route that has another service asked who comes, on every HAProxy that has an HTTP client of its own. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { httpGet } from "../harness/http.ts";
import { Echo, RawHttp2, sendHead, statusOf } from "./echo.ts";
import { besides, guardedContainer } from "./guarded.ts";
import { eventually } from "../harness/eventually.ts";
import { FullListener } from "./full_listener.ts";
import { Trickle } from "./trickle.ts";
import { called, canAddServers, onStage, programs, type Stage } from "./stage.ts";

/** A service that knows one session, and answers others by their path. */
function decide(head: string): string | undefined {
  const path = /^x-forwarded-uri: (\S+)/im.exec(head)?.[1] ?? "";
  const end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
  if (/^cookie: session=good/im.test(head)) {
    const user = path.includes("nobody") ? "" : "Remote-User: ann\r\nX-Groups: a\r\nX-Groups: b\r\n";
    const long = path.includes("many") ? `X-Groups: ${"g".repeat(1_500)}\r\n` : "";
    return `HTTP/1.1 200 OK\r\n${user}${long}X-Hidden: 1\r\n${end}`;
  }
  if (path.includes("broken")) return `HTTP/1.1 500 Oops\r\n${end}`;
  if (path.includes("forbidden")) {
    return "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 9\r\nConnection: close\r\n\r\n<b>no</b>";
  }
  return `HTTP/1.1 302 Found\r\nLocation: https://login.local/?a=1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n${end}`;
}

/** As fast as it is read. */
const AT_ONCE = { bytes: 65_536, everyMs: 0 };

const ask = (stage: Stage, path: string, ...fields: readonly string[]): Promise<string> =>
  sendHead(stage.httpPort, `GET ${path} HTTP/1.1`, "Host: own.local", "Connection: close", ...fields);

const GOOD = "Cookie: session=good";

for (const program of programs) {
  const test = (
    sentence: string,
    act: (stage: Stage, parts: {
      readonly echo: Echo;
      readonly auth: Echo;
      readonly show: (...containers: readonly object[]) => Promise<unknown>;
      readonly own: (more?: Readonly<Record<string, unknown>>) => object;
      readonly service: object;
    }) => Promise<void>,
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo();
      await using auth = new Echo(decide);
      await onStage(program, {}, async (stage) => {
        const show = (...containers: readonly object[]) =>
          stage.apply(want(stage.routing, JSON.stringify(containers), {}));
        const own = (more: Readonly<Record<string, unknown>> = {}) =>
          guardedContainer("a", echo.port, {
            hostname: "own.local",
            forward_auth: `e:${auth.port}/verify?app=own`,
            forward_auth_headers: ["Remote-User", "X-Groups"],
            ...more,
          });
        const service = guardedContainer("e", auth.port, { enable: false });
        await act(stage, { echo, auth, show, own, service });
      });
    });

  test(
    "whom the service lets in comes in with what it says, and nobody else",
    async (stage, { echo, auth, show, own, service }) => {
      await show(own(), service);
      const answer = await ask(
        stage,
        "/x?y=z",
        GOOD,
        "Remote-User: root",
        "X_Groups: root",
        "X-Groups: root",
        "X-Other: mine",
      );
      assert.equal(statusOf(answer), "200", answer);
      assert.match(answer, /^GET \/x\?y=z HTTP/m);
      assert.match(answer, /^remote-user: ann\r$/im);
      assert.deepEqual([...answer.matchAll(/^x.groups: (.*)\r$/gim)].map(([, value]) => value), ["a", "b"]);
      assert.match(answer, /^x-other: mine\r$/im);
      assert.match(answer, /^cookie: session=good\r$/im);
      assert.doesNotMatch(answer, /root|x-hidden/i);
      const [question = ""] = auth.heads;
      assert.match(question, /^GET \/verify\?app=own HTTP\/1.[01]\r\n/);
      assert.match(question, /^x-forwarded-method: GET\r$/im);
      assert.match(question, /^x-forwarded-uri: \/x\?y=z\r$/im);
      assert.match(question, /^x-forwarded-host: own.local\r$/im);
      assert.match(question, /^x-forwarded-proto: http\r$/im);
      assert.match(question, /^x-forwarded-for: 127.0.0.1\r$/im);
      assert.match(question, /^cookie: session=good\r$/im);
      // What the service does not say, the client does not say in its place.
      const silent = await ask(stage, "/nobody", GOOD, "X-Groups: root", "Remote-User: root");
      assert.equal(statusOf(silent), "200");
      assert.doesNotMatch(silent, /root|x-groups|remote-user/i);
      assert.equal(echo.heads.length, 2);
      // A client that fills the buffer with headers of its own leaves out none of the service's.
      const statuses = new Set<string>();
      for (let size = 12_500; size <= 15_000; size += 250) {
        const answer = await ask(stage, "/many", GOOD, `X-Fill: ${"y".repeat(size)}`);
        statuses.add(statusOf(answer));
        if (statusOf(answer) === "200") assert.match(answer, /^x-groups: g+\r$/im);
      }
      assert.deepEqual([...statuses].sort(), ["200", "400"]);
    },
  );

  test(
    "what the service says to strangers reaches them, and what is no answer closes the route",
    async (stage, { echo, show, own, service }) => {
      await show(own(), service);
      const login = await ask(stage, "/x");
      assert.equal(statusOf(login), "302");
      assert.match(login, /^location: https:\/\/login.local\/\?a=1\r$/im);
      assert.deepEqual([...login.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, value]) => value).sort(), [
        "a=1",
        "b=2; Path=/",
      ]);
      const forbidden = await ask(stage, "/forbidden");
      assert.equal(statusOf(forbidden), "403");
      assert.match(forbidden, /\r\n\r\n<b>no<\/b>$/);
      assert.equal(statusOf(await ask(stage, "/broken")), "503");
      using client = await RawHttp2.open(stage.httpPort);
      const fields = [[":method", "POST"], [":scheme", "http"], [":authority", "own.local"]] as const;
      await client.headers(1, [...fields, [":path", "/forbidden"]], false);
      await client.data(1, "x".repeat(5_000), true);
      assert.equal(await client.status(1), "403");
      await client.headers(3, [...fields, [":path", "/x"], ["cookie", "session=good"]], false);
      await client.data(3, "hello", true);
      assert.equal(await client.status(3), "200");
      assert.equal(echo.heads.length, 1);
      // Without its container, and with one that does not answer, nobody comes in.
      await show(own());
      assert.equal(statusOf(await ask(stage, "/x", GOOD)), "503");
      await using silent = new Echo(() => "");
      await show(
        own({ forward_auth: `e:${silent.port}` }),
        guardedContainer("e", silent.port, { enable: false }),
      );
      assert.equal(statusOf(await ask(stage, "/x", GOOD)), "503");
      assert.equal(echo.heads.length, 1);
    },
  );

  test(
    "nobody comes in unasked through a start, a service that moves and goes, reloads, an adoption and a stop",
    async (stage, { echo, show, own, service }) => {
      await using other = new Echo(decide);
      const moved = guardedContainer("e", other.port, { enable: false });
      const plain = guardedContainer("b", echo.port, { hostname: "plain.local" });
      const there = (by: Echo, more = {}) => own({ forward_auth: `e:${by.port}/verify`, ...more });
      await show(plain);
      const before = stage.applier.loader.count;
      const statuses = await besides(stage.httpPort, "own.local", async () => {
        await show(plain, own(), service);
        assert.equal(statusOf(await ask(stage, "/x", GOOD)), "200");
        await show(plain, own());
        await show(plain, there(other), moved);
        assert.equal(statusOf(await ask(stage, "/x", GOOD)), "200");
        if (canAddServers(program)) assert.equal(stage.applier.loader.count, before);
        // Another balance is a reload.
        await show(plain, there(other, { balance_algorithm: "leastconn" }), moved);
        assert.equal(statusOf(await ask(stage, "/x", GOOD)), "200");
        await stage.replace();
        await show(plain, there(other, { balance_algorithm: "leastconn" }), moved);
        assert.equal(statusOf(await ask(stage, "/x", GOOD)), "200");
        await show(plain);
      });
      assert.deepEqual(
        [...statuses.keys()].filter((status) => !["", "302", "404", "503"].includes(status)),
        [],
      );
      assert.ok((statuses.get("302") ?? 0) > 5, JSON.stringify([...statuses]));
      assert.deepEqual(echo.heads.filter((head) => !/^cookie: session=good\r$/im.test(head)), []);
    },
  );

  // It takes its seconds: on the oldest, which has another client, and the newest.
  if (program !== programs[0] && program !== programs.at(-1)) continue;
  test(
    "a service that takes no connection, gives no answer, or trickles one, holds a request for seconds alone, and is asked once",
    async (stage, { echo, show }) => {
      await using silent = new Echo(() => null);
      await using line = new Trickle("HTTP/1.1 200 OK\r\nX-Long: ");
      await using body = new Trickle("HTTP/1.1 403 Forbidden\r\n\r\n");
      using full = await FullListener.open("127.17.9.1");
      const guardedBy = (id: string, by: string, port: number) => [
        guardedContainer(id, echo.port, { hostname: `${id}.local`, forward_auth: `${by}:${port}` }),
        guardedContainer(by, port, { enable: false }),
      ];
      await show(
        ...guardedBy("a", "e", silent.port),
        ...guardedBy("b", "f", full.port),
        ...guardedBy("c", "8", line.port),
        ...guardedBy("d", "9", body.port),
      );
      const limitMs = 30_000;
      const answers = await Promise.all(
        ["a", "b", "c", "d"].map((id) => httpGet({ port: stage.httpPort, host: `${id}.local`, limitMs })),
      );
      assert.deepEqual(answers.map(({ status }) => status), [503, 503, 503, 503]);
      assert.deepEqual([silent.heads.length, echo.heads.length], [1, 0]);
      await eventually(() => line.open + body.open === 0 || undefined, {
        what: "the end of all connections to these services",
      });
    },
  );
  // Sockets of older HAProxys wait once a buffer is full, which takes longer.
  if (program !== programs.at(-1)) continue;
  test(
    "a service that never ends an answer is read to a limit, and left",
    async (stage, { echo, show }) => {
      await using line = new Trickle("HTTP/1.1 403 Forbidden\r\nX-Long: ", AT_ONCE);
      await using body = new Trickle("HTTP/1.1 403 Forbidden\r\n\r\n", AT_ONCE);
      await using leave = new Trickle("HTTP/1.1 200 OK\r\n\r\n", AT_ONCE);
      const services = [line, body, leave];
      await show(...services.flatMap(({ port }, at) => [
        guardedContainer(`${at}`, echo.port, {
          hostname: `own${at}.local`,
          forward_auth: `${at + 3}:${port}`,
        }),
        guardedContainer(`${at + 3}`, port, { enable: false }),
      ]));
      const answers = await Promise.all(
        services.map((_, at) => httpGet({ port: stage.httpPort, host: `own${at}.local`, limitMs: 30_000 })),
      );
      assert.deepEqual(answers.map(({ status }) => status), [503, 503, 200]);
      await eventually(() => services.every(({ open }) => open === 0) || undefined, {
        what: "the end of all connections to these services",
      });
    },
  );
}
