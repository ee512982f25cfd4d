/** How long a route's containers are waited for, and how often they are asked, as the route says. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { bytes, Echo, RawHttp2, sendHead, statusOf } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddBackends, canAddServers, onStage, programs, type Stage } from "./stage.ts";

const get = (stage: Stage, host: string, ...headers: readonly string[]) =>
  sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, ...headers);

async function get2(stage: Stage, host: string): Promise<string> {
  using client = await RawHttp2.open(stage.httpPort);
  await client.headers(1, [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", host]]);
  return await client.status(1);
}

const WEBSOCKET = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

for (const program of programs.filter(canAddServers)) {
  const test = (sentence: string, act: (stage: Stage) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, () => onStage(program, {}, act));

  test("a container that is silent for longer than its route allows is given up, at once when the route says so", async (stage) => {
    await using echo = new Echo((head) => /^upgrade:/im.test(head) ? SWITCHED : null);
    const said = (data: object) =>
      snapshotOf([{ port: echo.port, data: { hostname: "slow.local", ...data } }]);
    await stage.apply(want(stage.routing, said({}), {}));
    const short = { server_timeout: 800, tunnel_timeout: 800 };
    assert.equal((await stage.apply(want(stage.routing, said(short), {}))).plan.kind, "runtime");
    assert.equal(statusOf(await get(stage, "slow.local")), "504");
    assert.equal(await get2(stage, "slow.local"), "504");
    // HAProxy ends the WebSocket: what came until then is the answer to the handshake.
    assert.equal(statusOf(await get(stage, "slow.local", ...WEBSOCKET)), "101");
  });

  test("a route that comes with a timeout of its own has it from its first request", async (stage) => {
    await using echo = new Echo(() => null);
    await stage.apply(want(stage.routing, "[]", {}));
    const data = { hostname: "new.local", server_timeout: 300 };
    const wanted = want(stage.routing, snapshotOf([{ port: echo.port, data }]), {});
    assert.equal((await stage.apply(wanted)).plan.kind, "runtime");
    assert.equal(statusOf(await get(stage, "new.local")), "504");
  });

  test("a request that containers got and did not answer goes to as many others as the route allows", async (stage) => {
    const echoes = Array.from({ length: 4 }, () => new Echo(() => ""));
    // Where backends are added while HAProxy runs, nothing counts up to one: it is none.
    const one = canAddBackends(program) ? 1 : 2;
    const allowed = [[undefined, 3], [0, 1], [1, one], [2, 3]] as const;
    const heard = () => echoes.reduce((sum, { heads }) => sum + heads.length, 0);
    try {
      for (const [retries, tries] of allowed) {
        const data = { hostname: "dead.local", ...(retries !== undefined && { retries }) };
        const all = echoes.map(({ port }) => ({ port, data }));
        await stage.apply(want(stage.routing, snapshotOf(all), {}));
        const before = heard();
        assert.equal(statusOf(await get(stage, "dead.local")), "502");
        assert.equal(heard() - before, tries, `retries ${retries}`);
      }
    } finally {
      for (const echo of echoes) await echo[Symbol.asyncDispose]();
    }
  });

  test("a container is not asked before the body is there, where its route says so", async (stage) => {
    await using echo = new Echo();
    const all = [{ hostname: "whole.local", buffer_requests: true }, { hostname: "early.local" }];
    await stage.apply(want(stage.routing, snapshotOf([{ port: echo.port, data: all }]), {}));
    const head = (host: string) => `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\n\r\n`;
    const isAsked = (host: string) => echo.heads.some((each) => each.includes(`host: ${host}`));
    using slow = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
    await slow.write(bytes(head("whole.local")));
    using slow2 = await RawHttp2.open(stage.httpPort);
    await slow2.headers(
      1,
      [[":method", "POST"], [":scheme", "http"], [":path", "/2"]]
        .concat([[":authority", "whole.local"]]) as [string, string][],
      false,
    );
    using early = await Deno.connect({ hostname: "127.0.0.1", port: stage.httpPort });
    await early.write(bytes(head("early.local")));
    await eventually(() => isAsked("early.local"), { what: "the request that is not waited for" });
    assert.ok(!isAsked("whole.local"));
    await slow.write(bytes("body"));
    await eventually(() => isAsked("whole.local"), { what: "the request once its body is there" });
    await slow2.data(1, "body", true);
    assert.equal(await slow2.status(1), "200");
  });
}
