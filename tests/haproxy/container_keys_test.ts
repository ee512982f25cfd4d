/** How HAProxy speaks to a container and how much it gives to it, as the container says, from its first request on. */
import assert from "node:assert/strict";
import { createSecureServer } from "node:http2";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo, ok } from "./echo.ts";
import { GrpcClient, GrpcServer } from "./grpc.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, send, type Stage } from "./stage.ts";

const HOST = "web.local";
const get = (stage: Stage) => httpGet({ port: stage.httpPort, host: HOST });

/** Applies containers; those of a host that is not there yet come at run time. */
async function apply(stage: Stage, all: readonly Said[]): Promise<void> {
  const { plan } = await stage.apply(want(stage.routing, snapshotOf(all), {}));
  assert.equal(plan.kind, "runtime");
}

for (const program of programs.filter(canAddServers)) {
  const test = (sentence: string, act: (stage: Stage) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, () =>
      onStage(program, {}, async (stage) => {
        await stage.apply(want(stage.routing, "[]", {}));
        await act(stage);
      }));

  test("gRPC passes, with its trailers and streams, to a container that speaks HTTP/2", async (stage) => {
    await using server = await GrpcServer.start();
    await apply(stage, [{ port: server.port, data: { hostname: HOST, backend_protocol: "h2" } }]);
    using client = new GrpcClient(stage.httpPort, HOST);
    assert.equal(await client.say("hello"), "hello");
    assert.equal(await client.say("bad"), "5 there is nothing");
    assert.deepEqual(await client.talk(["a", "b", "c"]), ["a", "b", "c", "code 0"]);
    // A second client is no stream of the first one's connection.
    using other = new GrpcClient(stage.httpPort, HOST);
    assert.equal(await other.say("x".repeat(100_000)), "x".repeat(100_000));
  });

  test("HTTP/2 passes over TLS, and HAProxy's check with it", async (stage) => {
    const { cert, key } = await certificate();
    const server = createSecureServer({ cert, key }, (request, response) => {
      response.end(`HTTP/${request.httpVersion}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.17.9.1", resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    try {
      const data = { hostname: HOST, backend_protocol: "h2", ssl_backend: true };
      await apply(stage, [{ port: address.port, data }]);
      assert.equal((await get(stage)).body, "HTTP/2.0");
      await eventually(async () => /,L6OK,/.test((await send(stage, "show stat"))[0] ?? ""), {
        what: "HAProxy's check to pass",
      });
    } finally {
      server.close();
    }
  });

  for (
    const [version, line] of [["v1", /^PROXY TCP4 127\.0\.0\.1 /], ["v2", /^\r\n\r\n\0\r\nQUIT\n/]] as const
  ) {
    test(`a container gets the client's address by the PROXY protocol ${version}, also from HAProxy's check`, async (stage) => {
      // What stands before the signature of v2 looks like the end of a head.
      await using echo = new Echo((head) => head === "\r\n\r\n" ? null : undefined);
      await apply(stage, [{ port: echo.port, data: { hostname: HOST, send_proxy: version } }]);
      assert.equal((await get(stage)).status, 200);
      assert.ok(echo.streams.some((each) => line.test(each) && /GET \//.test(each)));
      assert.ok(echo.streams.every((each) => each === "" || line.test(each)));
    });
  }

  test("a container gets as many requests at a time as it can take, and the others wait", async (stage) => {
    let [now, most] = [0, 0];
    const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.17.9.1", port: 0, onListen: () => undefined }, async () => {
      most = Math.max(most, ++now);
      await isReleased;
      now--;
      return new Response("done");
    });
    try {
      const data = { hostname: HOST, max_connections: 1, queue_timeout: "1m" };
      await stage.apply(want(stage.routing, snapshotOf([{ port: server.addr.port, data }]), {}));
      const answers = Promise.allSettled(Array.from({ length: 4 }, () => get(stage)));
      await eventually(async () => {
        const [stat = ""] = await send(stage, "show stat");
        // The third column is of what waits (management guide, section 9.1).
        const queues = stat.split("\n").map((line) => line.split(","));
        return now === 1 && queues.some(([, name, waiting]) => name === "BACKEND" && waiting === "3");
      }, { what: "one request to be there, and three to wait" });
      release();
      const statuses = (await answers).map((each) => each.status === "fulfilled" ? each.value.status : 0);
      assert.deepEqual(statuses, [200, 200, 200, 200]);
      assert.equal(most, 1);
    } finally {
      release();
      await server.shutdown();
    }
  });

  test("a container that fails as often as it may gets nothing until its check passes", async (stage) => {
    await using bad = new Echo(() => "HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    await using good = new Echo(() => ok("good"));
    const data = { hostname: HOST, fail_limit: 3, check_interval: 60_000 };
    const first = { port: good.port, data: { hostname: "other.local", check_interval: 60_000 } };
    await stage.apply(want(stage.routing, snapshotOf([first]), {}));
    await apply(stage, [first, { port: bad.port, data }, { port: good.port, data }]);
    const statuses: number[] = [];
    while (statuses.length < 20) statuses.push((await get(stage)).status);
    // In turn, each second request would fail.
    assert.equal(statuses.filter((status) => status === 500).length, 3, statuses.join());
  });

  test("a backup gets requests only while no other container of its host is there", async (stage) => {
    await using main = new Echo(() => ok("main"));
    await using spare = new Echo(() => ok("backup"));
    const backup = { port: spare.port, data: { hostname: HOST, backup: true } };
    const from = async () => (await get(stage)).body;
    await apply(stage, [backup]);
    assert.equal(await from(), "backup");
    await apply(stage, [backup, { port: main.port, data: { hostname: HOST } }]);
    for (let times = 0; times < 6; times++) assert.equal(await from(), "main");
    await apply(stage, [backup]);
    assert.equal(await from(), "backup");
  });
}
