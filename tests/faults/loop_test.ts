/** Requests that come back to the HAProxy that has passed them on, through a proxy in a container. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { sendHead, statusOf } from "../haproxy/echo.ts";
import { FaultStage } from "./stage.ts";

/** A proxy as containers have them: it passes each request on with its headers, to where it is told. */
function proxyTo(to: (request: Request) => { readonly port: number; readonly host?: string } | undefined) {
  const seen: string[] = [];
  const server = Deno.serve(
    { hostname: "127.17.9.2", port: 0, onListen: () => undefined },
    async (request) => {
      seen.push(request.headers.get("cdn-loop") ?? "");
      const next = to(request);
      if (next === undefined) return new Response("the end");
      const host = next.host ?? request.headers.get("host") ?? "";
      const kept = [...request.headers].filter(([name]) => name === "cdn-loop").map((pair) =>
        pair.join(": ")
      );
      const answer = await sendHead(
        next.port,
        "GET / HTTP/1.1",
        `Host: ${host}`,
        ...kept,
        "Connection: close",
      );
      return new Response(answer, { status: Number(statusOf(answer)) });
    },
  );
  return { seen, server, port: server.addr.port };
}

const containerOf = (port: number, ...hosts: readonly string[]) => ({
  Id: "d".repeat(64),
  Name: "/proxy",
  Created: "2024-01-01T00:00:00Z",
  State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
  Config: {
    ExposedPorts: { [`${port}/tcp`]: {} },
    Env: [`INTERLOCK_DATA=${JSON.stringify(hosts.map((hostname) => ({ hostname })))}`],
  },
  NetworkSettings: { Networks: { bridge: { IPAddress: "127.17.9.2" } } },
});

async function serve(stage: FaultStage, port: number, ...hosts: readonly string[]): Promise<void> {
  const path = await stage.write("new.json", JSON.stringify([containerOf(port, ...hosts)]));
  await Deno.rename(path, `${stage.folder}/snapshot.json`);
}

/** What an instance calls itself in the header. */
const nameIn = (header: string | undefined): string => /signalbox-[0-9a-f]{16}/.exec(header ?? "")?.[0] ?? "";

for (const { version, path } of await haproxies()) {
  const flags = ["--haproxy", path];

  Deno.test(`haproxy ${version}: a loop through a proxy in a container ends with 508 after three rounds`, async () => {
    await using stage = await FaultStage.open();
    const proxy = proxyTo(() => ({ port: stage.port }));
    stage.defer(() => proxy.server.shutdown());
    await serve(stage, proxy.port, "loop.local");
    stage.start(flags);
    await stage.answers("loop.local", 508);
    proxy.seen.length = 0;
    assert.equal((await stage.get("loop.local")).status, 508);
    assert.equal(proxy.seen.length, 3);
    // A client that claims to have come by ends its own request alone.
    const name = nameIn(proxy.seen[0]);
    const claim = (mark: string) =>
      sendHead(stage.port, "GET / HTTP/1.1", "Host: nobody.local", `CDN-Loop: ${mark}`, "Connection: close");
    assert.equal(statusOf(await claim(`other, ${name};pass=3`)), "508");
    assert.equal(statusOf(await claim(`${name};pass=9`)), "508", "a mark that nobody counts on");
    assert.equal(statusOf(await claim("signalbox-0123456789abcdef;pass=3")), "404");
  });
}

for (const { version, path } of await haproxies()) {
  for (const kept of ["first", "last"]) {
    Deno.test(`haproxy ${version}: a proxy that keeps the ${kept} line of each header makes no endless loop`, async () => {
      await using stage = await FaultStage.open();
      const lines: string[][] = [];
      const proxy = Deno.listen({ hostname: "127.17.9.2", port: 0 });
      stage.defer(() => proxy.close());
      void answerEach(proxy, async (head) => {
        const marks = head.split("\r\n").filter((line) => /^cdn-loop:/i.test(line));
        if (marks.length > 0) lines.push(marks);
        // It would go on for ever.
        if (lines.length > 9) return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        const mark = marks.at(kept === "first" ? 0 : -1) ?? "CDN-Loop: other";
        return await sendHead(
          stage.port,
          "GET / HTTP/1.1",
          "Host: loop.local",
          mark,
          "Connection: close",
        );
      });
      await serve(stage, proxy.addr.port, "loop.local");
      stage.start(["--haproxy", path]);
      await stage.answers("loop.local", 508);
      lines.length = 0;
      const answer = await sendHead(
        stage.port,
        "GET / HTTP/1.1",
        "Host: loop.local",
        "CDN-Loop: other",
        "Connection: close",
      );
      assert.equal(statusOf(answer), "508");
      assert.deepEqual(lines.map((marks) => [marks.length, marks[0]?.replace(/signalbox-[0-9a-f]+/, "us")]), [
        [1, "cdn-loop: other, us;pass=1"],
        [1, "cdn-loop: other,us;pass=2"],
        [1, "cdn-loop: other,us;pass=3"],
      ]);
    });
  }
}

/** Answers the request of each connection, until the listener is closed. */
async function answerEach(listener: Deno.Listener, answer: (head: string) => Promise<string>): Promise<void> {
  for await (const connection of listener) {
    void (async () => {
      using open = connection;
      let head = "";
      const buffer = new Uint8Array(4_096);
      while (!head.includes("\r\n\r\n")) {
        const length = await open.read(buffer);
        if (length === null) return;
        head += new TextDecoder().decode(buffer.subarray(0, length));
      }
      await open.write(new TextEncoder().encode(await answer(head)));
    })().catch(() => undefined);
  }
}

Deno.test("a request may come by again on its way from one container to another", async () => {
  await using stage = await FaultStage.open();
  const next: Record<string, string> = { "a.local": "b.local", "b.local": "c.local" };
  const proxy = proxyTo((request) => {
    const host = next[request.headers.get("host") ?? ""];
    return host === undefined ? undefined : { port: stage.port, host };
  });
  stage.defer(() => proxy.server.shutdown());
  await serve(stage, proxy.port, "a.local", "b.local", "c.local");
  stage.start();
  await stage.answers("a.local");
});

Deno.test("two signalboxes in a row do not take each other for a loop, and each keeps its name", async () => {
  await using near = await FaultStage.open();
  await using far = await FaultStage.open();
  const end = proxyTo(() => undefined);
  far.defer(() => end.server.shutdown());
  await serve(far, end.port, "app.local");
  await using between = await FaultStage.open();
  const proxy = proxyTo(() => ({ port: far.port }));
  between.defer(() => proxy.server.shutdown());
  await serve(near, proxy.port, "app.local");
  far.start();
  const first = near.start();
  await far.answers("app.local");
  await near.answers("app.local");
  const marks = () => end.seen.at(-1)?.match(/signalbox-[0-9a-f]{16};pass=1/g) ?? [];
  assert.equal(new Set(marks()).size, 2);
  const name = nameIn(proxy.seen.at(-1));
  // Over a reload, and over another start.
  first.kill("SIGHUP");
  await first.stop();
  near.start();
  await near.answers("app.local");
  await eventually(() => nameIn(proxy.seen.at(-1)) === name, { what: "the name to be the same" });
  assert.equal(new Set(marks()).size, 2);
});
