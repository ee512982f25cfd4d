/** What HAProxy answers itself, or adds to answers, where a route asks for it, over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { ACCESS_RING } from "../../lib/core/config/process_config.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { curl, valuesOf, WAYS } from "./answered.ts";
import { certificate } from "./certificate.ts";
import { Echo, ok, sendHead } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddBackends, canAddServers, onStage, programs, send } from "./stage.ts";

/** A password as `basic_auth` takes it. */
const SHA1_OF_B = "{SHA}6dcfXufJLW3J6S/9rRe4vUlBj5g=";

const TLS_WAYS = ["--http1.1", "--http2"] as const;

for (const program of programs) {
  Deno.test(`${called(program)}: answers on TLS carry the route's Strict-Transport-Security, refusals among them`, async () => {
    await using echo = new Echo();
    const httpsPort = freePort();
    const settings = { "tls-cert": (await certificate()).path, "https-port": `${httpsPort}`, "hsts": "600" };
    await onStage(program, { settings }, async (stage) => {
      const routes: Readonly<Record<string, object>> = {
        "default.local": {},
        "own.local": { hsts: "max-age=9; includeSubDomains" },
        "none.local": { hsts: false },
        "shut.local": { hsts: 7, deny_from: ["127.0.0.1"] },
        "down.local": { hsts: 8, maintenance: true },
        "default-shut.local": { deny_from: ["127.0.0.1"] },
      };
      const data = Object.entries(routes).map(([hostname, rest]) => ({ hostname, ...rest }));
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      const seen = async (port: number, host: string, ...args: string[]) => {
        const { status, headers } = await curl(port, host, "/", ...args);
        return `${status} ${valuesOf(headers, "strict-transport-security").join()}`;
      };
      const expected = {
        "default.local": "200 max-age=600",
        "own.local": "200 max-age=9; includeSubDomains",
        "none.local": "200 ",
        "shut.local": "403 max-age=7",
        "down.local": "503 max-age=8",
        "default-shut.local": "403 max-age=600",
        "unknown.local": "404 ",
      };
      for (const [host, answer] of Object.entries(expected)) {
        for (const way of TLS_WAYS) {
          assert.equal(await seen(httpsPort, host, "--insecure", way), answer, host);
        }
        assert.equal(await seen(stage.httpPort, host), `${answer.slice(0, 3)} `, host);
      }
    });
  });

  Deno.test(`${called(program)}: a route under maintenance answers for itself, and its containers get nothing`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const apply = async (said: object, note = {}) => {
        const data = { hostname: "own.local", ...said };
        return (await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), note))).plan
          .kind;
      };
      const kinds = [await apply({})];
      assert.equal((await curl(stage.httpPort, "own.local", "/")).status, "200");
      const { length } = echo.heads;
      const text = 'Back at "noon" %[src] ${HOME} é';
      kinds.push(await apply({ maintenance: text }));
      const expect = async (type: string, expectedBody: string) => {
        for (const way of WAYS) {
          for (const body of [[], ["--data", "x".repeat(1_000)]]) {
            const answer = await curl(stage.httpPort, "own.local", "/any?x", way, ...body);
            assert.equal(answer.status, "503");
            assert.equal(answer.body, expectedBody);
            assert.deepEqual(
              ["retry-after", "cache-control", "content-type"].map((name) =>
                valuesOf(answer.headers, name).join()
              ),
              ["60", "no-store", `${type}; charset=utf-8`],
            );
          }
        }
      };
      await expect("text/plain", `${text}\n`);
      kinds.push(await apply({ maintenance: "<h1>Back</h1>" }));
      await expect("text/html", "<h1>Back</h1>");
      // While no container is ready, too.
      kinds.push(await apply({ maintenance: "<h1>Back</h1>" }, { not_ready: ["web0"] }));
      await expect("text/html", "<h1>Back</h1>");
      assert.equal(echo.heads.length, length);
      kinds.push(await apply({ maintenance: false }));
      assert.equal((await curl(stage.httpPort, "own.local", "/")).status, "200");
      if (canAddServers(program) && !canAddBackends(program)) {
        assert.deepEqual(kinds.slice(1), ["runtime", "runtime", "runtime", "runtime"]);
      }
    });
  });

  Deno.test(`${called(program)}: texts of a route are compressed where it asks for it, and nothing else is`, async () => {
    const text = "a text that is long enough to be worth it. ".repeat(100);
    const typed = (type: string) => ok(text).replace("\r\n", `\r\nContent-Type: ${type}\r\n`);
    await using echo = new Echo((head) =>
      typed(head.includes("/picture") ? "image/png" : "application/json")
    );
    await onStage(program, {}, async (stage) => {
      const data = [{ hostname: "small.local", compress: true }, { hostname: "plain.local" }];
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        const seen = async (host: string, path: string, ...args: string[]) => {
          const { headers, body } = await curl(stage.httpPort, host, path, way, ...args);
          return [body === text, valuesOf(headers, "content-encoding").join()];
        };
        assert.deepEqual(await seen("small.local", "/", "--compressed"), [true, "gzip"]);
        assert.deepEqual(await seen("small.local", "/picture", "--compressed"), [true, ""]);
        assert.deepEqual(await seen("small.local", "/"), [true, ""]);
        assert.deepEqual(await seen("plain.local", "/", "--compressed"), [true, ""]);
      }
    });
  });

  Deno.test(`${called(program)}: requests of a route that is kept out of the access log are not in it`, async () => {
    await using echo = new Echo();
    await onStage(program, { settings: { "access-log": "all" } }, async (stage) => {
      const data = [{ hostname: "quiet.local", access_log: false }, { hostname: "loud.local" }];
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        await curl(stage.httpPort, "quiet.local", "/first", way);
        await curl(stage.httpPort, "loud.local", "/second", way);
      }
      const lines = async () => (await send(stage, `show events ${ACCESS_RING}`))[0] ?? "";
      await eventually(async () => (await lines()).split("/second").length > 2, {
        what: "both requests in the log",
      });
      assert.doesNotMatch(await lines(), /first|quiet[.]local /);
    });
  });

  Deno.test(`${called(program)}: answers are kept as Cache-Control permits, and none of somebody in particular`, async () => {
    let count = 0;
    await using echo = new Echo((head) => {
      const [, path = "", said = ""] = /^GET \/(\w+)\??(\S*)/.exec(head) ?? [];
      const headers = path === "kept" ? "Cache-Control: public, max-age=60" : decodeURIComponent(said);
      return ok(`${++count}`).replace("\r\n\r\n", `\r\n${headers || "X-None: 1"}\r\n\r\n`);
    });
    await onStage(program, {}, async (stage) => {
      const own = { hostname: "own.local", cache: true, host_header: "same.local" };
      const both = { ...own, hostname: "both.local", basic_auth: [`a:${SHA1_OF_B}`] };
      const some = { ...own, hostname: "some.local" };
      const data = [
        ...[own, { ...own, hostname: "two.local" }, { hostname: "plain.local" }, both, some],
        { ...own, hostname: "lan.local", allow_from: ["127.0.0.0/8"] },
        { ...some, match_headers: ["X-Beta: yes"] },
      ];
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        const isKept = async (host: string, path: string, ...args: string[]) => {
          const first = (await curl(stage.httpPort, host, path, way, ...args)).body;
          return first === (await curl(stage.httpPort, host, path, way, ...args)).body;
        };
        assert.equal(await isKept("own.local", `/kept?${way}`), true);
        assert.equal(await isKept("own.local", `/kept?${way}`, "--header", "Cookie: a=b"), false);
        assert.equal(await isKept("own.local", `/kept?${way}`, "--user", "a:b"), false);
        // A body is no part of what answers are kept by.
        const body = ["--request", "GET", "--data", "x"];
        assert.equal(await isKept("own.local", `/kept?body${way}`, ...body), false);
        assert.equal(
          await isKept("own.local", `/kept?${way}`, ...body, "--header", "Transfer-Encoding: chunked"),
          false,
        );
        assert.equal(await isKept("plain.local", `/kept?${way}`), false);
        // What a route tells some alone, it does not tell others from memory.
        assert.equal(await isKept("both.local", `/kept?${way}`, "--user", "a:b"), false);
        assert.equal(await isKept("lan.local", `/kept?${way}`), false);
        assert.equal(await isKept("some.local", `/kept?${way}`), false);
        assert.equal(await isKept("some.local", `/kept?${way}`, "--header", "X-Beta: yes"), false);
        for (
          const headers of [
            "",
            "Cache-Control: private, max-age=60",
            "Cache-Control: no-store, max-age=60",
            "Cache-Control: max-age=60\r\nSet-Cookie: a=b",
            "Cache-Control: max-age=60\r\nVary: X-Any",
          ]
        ) {
          assert.equal(
            await isKept("own.local", `/x${WAYS.indexOf(way)}?${encodeURIComponent(headers)}`),
            false,
            headers,
          );
        }
        // Another host's answers are its own, also where containers see the same Host.
        const mine = (await curl(stage.httpPort, "own.local", `/kept?${way}`, way)).body;
        assert.notEqual((await curl(stage.httpPort, "two.local", `/kept?${way}`, way)).body, mine);
      }
    });
  });

  Deno.test(`${called(program)}: a guard that comes later holds for what was kept before, and so does a variant`, async () => {
    let count = 0;
    await using echo = new Echo((head) => {
      const text = `${++count} ${/^host: (.*)\r$/im.exec(head)?.[1]}`;
      return ok(text).replace("\r\n", "\r\nCache-Control: public, max-age=60\r\n");
    });
    await onStage(program, {}, async (stage) => {
      const show = (...data: readonly object[]) =>
        stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      const own = { hostname: "own.local", cache: true };
      const other = { hostname: "other.local", cache: true };
      const ask = (way: string, ...args: string[]) =>
        curl(stage.httpPort, "own.local", "/kept", way, ...args);
      const password = ["--user", "a:b"];
      await show(own, other);
      const kept = new Map<string, string>();
      for (const way of WAYS) {
        kept.set(way, (await ask(way)).body);
        assert.equal((await ask(way)).body, kept.get(way));
      }
      await show({ ...own, basic_auth: [`a:${SHA1_OF_B}`] }, other);
      for (const way of WAYS) {
        assert.equal((await ask(way)).status, "401");
        const { status, body } = await ask(way, ...password);
        assert.equal(status, "200");
        assert.notEqual(body, kept.get(way));
      }
      await show({ ...own, allow_from: ["192.0.2.0/24"] }, other);
      for (const way of WAYS) assert.equal((await ask(way)).status, "403");
      await show({ ...own, allow_from: ["127.0.0.0/8"] }, other);
      for (const way of WAYS) assert.notEqual((await ask(way)).body, kept.get(way));
      await show({ ...own, maintenance: true }, other);
      for (const way of WAYS) assert.equal((await ask(way)).status, "503");
      await show(own, { ...own, match_headers: ["X-Beta: yes"] }, other);
      for (const way of WAYS) {
        assert.notEqual((await ask(way)).body, kept.get(way));
        assert.notEqual((await ask(way, "--header", "X-Beta: yes")).body, kept.get(way));
      }
      await show(other);
      for (const way of WAYS) assert.equal((await ask(way)).status, "404");
      // A URL in place of a path is kept by its host too.
      const hosts = ["own.local", "other.local", "OTHER.local."];
      await show(own, other);
      const answers = await Promise.all(
        hosts.map((host) =>
          sendHead(stage.httpPort, `GET http://${host}/url HTTP/1.1`, `Host: ${host}`, "Connection: close")
        ),
      );
      assert.deepEqual(answers.map((answer) => answer.split(" ").at(-1)), [
        "own.local",
        "other.local",
        "other.local",
      ]);
    });
  });

  Deno.test(`${called(program)}: what is kept of one scheme and port is no answer on another`, async () => {
    let count = 0;
    await using echo = new Echo((head) =>
      ok(`${++count} ${/^x-forwarded-proto: (.*)\r$/im.exec(head)?.[1]}`)
        .replace("\r\n", "\r\nCache-Control: public, max-age=60\r\n")
    );
    const httpsPort = freePort();
    const settings = { "tls-cert": (await certificate()).path, "https-port": `${httpsPort}` };
    await onStage(program, { settings }, async (stage) => {
      const data = { hostname: "own.local", cache: true };
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      for (const way of WAYS) {
        const get = async (port: number, ...args: string[]) =>
          (await curl(port, "own.local", `/${way}`, "--header", "Host: own.local", ...args)).body;
        const plain = () => get(stage.httpPort, way);
        const secure = () => get(httpsPort, "--insecure", way.replace("-prior-knowledge", ""));
        const first = await plain();
        assert.match(first, /http$/);
        const kept = await secure();
        assert.match(kept, /https$/);
        assert.equal(await secure(), kept);
        const again = await plain();
        assert.match(again, /http$/);
        assert.notEqual(again, first);
      }
    });
  });

  Deno.test(`${called(program)}: an answer for a host that only the client of a proxy named is not kept`, async () => {
    let count = 0;
    await using echo = new Echo(() =>
      ok(`${++count}`).replace("\r\n", "\r\nCache-Control: public, max-age=60\r\n")
    );
    await onStage(program, { settings: { "trusted-proxies": "127.0.0.0/8" } }, async (stage) => {
      const data = { hostname: "own.local", cache: true };
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      const host = `own.local:${stage.httpPort}`;
      const ask = async (path: string, ...said: string[]) =>
        (await curl(stage.httpPort, "own.local", path, ...said.flatMap((line) => ["--header", line]))).body;
      const https = "X-Forwarded-Proto: https";
      const cases: readonly (readonly [isKept: boolean, ...said: string[]])[] = [
        [true, https],
        [true, `X-Forwarded-Host: ${host}`, https],
        [true, `X-Forwarded-Host: ${host}`, https, "X-Forwarded-Port: 443"],
        [false, "X-Forwarded-Host: evil.example", https],
        [false, `X-Forwarded-Host: ${host}`, https, "X-Forwarded-Port: 4711"],
        // What came by plain HTTP, or in a way that the proxy does not tell.
        [false, "X-Forwarded-Proto: http"],
        [false],
      ];
      for (const [at, [isKept, ...said]] of cases.entries()) {
        const first = await ask(`/${at}`, ...said);
        assert.equal(first === await ask(`/${at}`, https), isKept, said.join());
      }
    });
  });

  Deno.test(`${called(program)}: with --trace each request has a trace, and clients see how long it took`, async () => {
    await using echo = new Echo();
    await onStage(program, { settings: { trace: "true" } }, async (stage) => {
      await stage.apply(
        want(stage.routing, snapshotOf([{ port: echo.port, data: { hostname: "own.local" } }]), {}),
      );
      for (const way of WAYS) {
        const seen = async (...args: string[]) => {
          const { headers, body } = await curl(stage.httpPort, "own.local", "/", way, ...args);
          assert.match(
            valuesOf(headers, "server-timing").join(),
            /^queue;dur=-?\d+, connect;dur=-?\d+, response;dur=-?\d+$/,
          );
          return [valuesOf(body, "traceparent").join(), valuesOf(body, "tracestate").join()];
        };
        const [T, S] = ["1".repeat(32), "2".repeat(16)];
        const state = ["--header", "tracestate: a=b"];
        assert.deepEqual(await seen("--header", `traceparent: 00-${T}-${S}-00`, ...state), [
          `00-${T}-${S}-00`,
          "a=b",
        ]);
        const wrong = [
          "",
          "x",
          `00-${"0".repeat(32)}-${S}-01`,
          `00-${T}-${"0".repeat(16)}-01`,
          `00-${T}-${S}-01-x`,
        ];
        const begun = new Set<string>();
        for (const text of wrong) {
          const [trace = "", said] = await seen(
            ...text === "" ? [] : ["--header", `traceparent: ${text}`],
            ...state,
          );
          assert.match(trace, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
          assert.equal(said, "");
          begun.add(trace);
        }
        assert.equal(begun.size, wrong.length);
      }
    });
  });
}
