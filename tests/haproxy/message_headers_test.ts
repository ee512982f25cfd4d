/** Headers of requests and answers that a route asks for, as container and client see them, over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { curl, valuesOf, WAYS } from "./answered.ts";
import { Echo, ok } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddBackends, canAddServers, onStage, programs } from "./stage.ts";

const ODD = "a | b,c %[src] ${HOME} \"d\" 'e' \\ # f;g é";

for (const program of programs) {
  Deno.test(`${called(program)}: a route sets and deletes headers, and another route is left as it is`, async () => {
    await using echo = new Echo((head) =>
      ok(head).replace("\r\n\r\n", "\r\nServer: echo\r\nX-Old: 1\r\n\r\n")
    );
    await onStage(program, {}, async (stage) => {
      const said = (data: object) =>
        snapshotOf([
          { port: echo.port, data: { hostname: "own.local", ...data } },
          { port: echo.port, data: { hostname: "other.local" } },
        ]);
      const seen = async (host: string, way: string) => {
        const { status, headers, body } = await curl(
          stage.httpPort,
          host,
          "/x?y",
          way,
          ...["--header", "X-Team: client", "--header", "X-Team: again", "--header", "Cookie: a=b"],
        );
        const of = (name: string) => valuesOf(body, name).join("; ");
        return {
          status,
          team: of("x-team"),
          odd: of("x-odd"),
          cookie: of("cookie"),
          host: of("host"),
          asked: of("x-forwarded-host").replace(/:\d+$/, ""),
          line: body.split("\r\n")[0],
          server: valuesOf(headers, "server").join(),
          frame: valuesOf(headers, "x-frame-options").join(),
          old: valuesOf(headers, "x-old").join(),
        };
      };
      const plain = (host: string) => ({
        status: "200",
        team: "client; again",
        odd: "",
        cookie: "a=b",
        host: `${host}:${stage.httpPort}`,
        asked: host,
        line: "GET /x?y HTTP/1.1",
        server: "echo",
        frame: "",
        old: "1",
      });
      const kinds: string[] = [];
      const expect = async (data: object, expected: object) => {
        kinds.push((await stage.apply(want(stage.routing, said(data), {}))).plan.kind);
        for (const way of WAYS) {
          assert.deepEqual(await seen("own.local", way), { ...plain("own.local"), ...expected }, way);
          assert.deepEqual(await seen("other.local", way), plain("other.local"), way);
        }
      };
      await expect({}, {});
      const changed = { team: "blue", odd: ODD, cookie: "" };
      await expect({ request_headers: ["X-Team: blue", "-cookie", `X-Odd: ${ODD}`] }, changed);
      await expect({ response_headers: { "X-Frame-Options": "DENY", "server": null, "X-Old": "2" } }, {
        server: "",
        frame: "DENY",
        old: "2",
      });
      await expect({ request_headers: ["X-Team: red"], host_header: "app.internal:81" }, {
        team: "red",
        host: "app.internal:81",
      });
      for (const way of WAYS) {
        const { body } = await curl(stage.httpPort, "own.local", "/", way, "--header", "Host: OWN.local.:9");
        assert.deepEqual(valuesOf(body, "host"), ["app.internal:81"], way);
        assert.deepEqual(valuesOf(body, "x-forwarded-host"), ["own.local:9"], way);
      }
      await expect({}, {});
      if (canAddServers(program) && !canAddBackends(program)) {
        assert.deepEqual(kinds.slice(1), ["runtime", "runtime", "runtime", "runtime"]);
      }
      // What commands have set is what a reload gives.
      await stage.apply(want(stage.routing, said({ request_headers: [`X-Odd: ${ODD}`] }), {}));
      await stage.replace({ "tunnel-timeout": "5000" });
      await expect({ request_headers: [`X-Odd: ${ODD}`] }, { odd: ODD });
    });
  });

  Deno.test(`${called(program)}: a head that leaves no room for the headers of a route is refused`, async () => {
    await using echo = new Echo((head) => {
      const fill = `X-Fill: ${"y".repeat(Number(/size=([0-9]+)/.exec(head)?.[1] ?? 0))}`;
      return `HTTP/1.1 200 OK\r\n${fill}\r\nContent-Length: ${head.length}\r\nConnection: close\r\n\r\n${head}`;
    });
    await onStage(program, {}, async (stage) => {
      const said = `X-Said: ${"s".repeat(1_500)}`;
      const data = [
        { hostname: "own.local", request_headers: [said, "X-Team: blue"] },
        { hostname: "answer.local", response_headers: [said, "X-Team: blue"] },
      ];
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      const statuses = new Set<string>();
      for (let size = 12_500; size <= 15_000; size += 250) {
        const fill = ["--header", `X-Fill: ${"y".repeat(size)}`, "--header", "X-Team: client"];
        const one = await curl(stage.httpPort, "own.local", "/", ...fill);
        const two = await curl(stage.httpPort, "answer.local", `/?size=${size}`);
        if (one.status === "200") {
          assert.deepEqual(valuesOf(one.body, "x-said").concat(valuesOf(one.body, "x-team")).length, 2);
        }
        if (two.status === "200") assert.deepEqual(valuesOf(two.headers, "x-said").length, 1);
        statuses.add(`request ${one.status}`).add(`answer ${two.status}`);
      }
      assert.deepEqual([...statuses].sort(), ["answer 200", "answer 502", "request 200", "request 400"]);
    });
  });

  Deno.test(`${called(program)}: as many headers as a route may ask for fit into a row and a command`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, "[]", {}));
      const most = Array.from({ length: 32 }, (_, at) => `X-N${at}: ${"\\ ".repeat(84)}${at}`);
      const data = { hostname: "own.local", request_headers: most };
      await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data }]), {}));
      const { body } = await curl(stage.httpPort, "own.local", "/");
      assert.deepEqual(
        most.map((_, at) => valuesOf(body, `x-n${at}`).join()),
        most.map((line) => line.split(": ")[1]),
      );
    });
  });
}
