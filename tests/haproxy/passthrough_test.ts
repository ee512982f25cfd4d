/** Hosts whose TLS goes through to their containers, on the port where HAProxy ends the TLS of the others. */
import assert from "node:assert/strict";
import { keepBeforeHttps } from "../../lib/core/state/kept_listener.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo } from "./echo.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, settled, type Stage } from "./stage.ts";
import { asked, TlsTalker } from "./talker.ts";

const passed = (
  talker: TlsTalker,
  hosts: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Said => ({
  port: talker.port,
  data: { hosts, ssl_passthrough: true, ...more },
});

const PER_CLIENT = 4;

/** How many connections HAProxy counts for 127.0.0.1. */
async function counted(stage: Stage): Promise<number> {
  const connection = await Deno.connect({ transport: "unix", path: `${stage.stateDir}/haproxy.sock` });
  await connection.write(new TextEncoder().encode("show table _web\n"));
  const text = await new Response(connection.readable).text();
  return Number(/key=::ffff:127[.]0[.]0[.]1 .*conn_cur=([0-9]+)/.exec(text)?.[1] ?? 0);
}

/** The status that a client at an address gets; 000 where it is not let in. */
async function statusFrom(address: string, url: string, ...more: readonly string[]): Promise<string> {
  const { host } = new URL(url);
  const { stdout } = await new Deno.Command("curl", {
    args: ["--silent", "--insecure", "--max-time", "20", "--interface", address, "--output", "/dev/null"]
      .concat(
        "--write-out",
        "%{http_code}",
        "--connect-to",
        `${host}:127.0.0.1:${new URL(url).port}`,
        ...more,
      )
      .concat(url),
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

for (const program of programs.filter(canAddServers)) {
  const test = (
    sentence: string,
    act: (stage: Stage, port: number, all: { web: Said; echo: Echo; talker: TlsTalker }) => Promise<void>,
    more: Readonly<Record<string, string>> = {},
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      const { path } = await certificate();
      const port = freePort();
      await using echo = new Echo();
      await using talker = await TlsTalker.start("passed");
      const web: Said = {
        port: echo.port,
        data: { hostname: "web.local", alias_domains: ["in.pass.local"] },
      };
      const settings = { "tls-cert": path, "https-port": `${port}`, ...more };
      await onStage(program, { settings }, async (stage) => await act(stage, port, { web, echo, talker }));
    });
  const apply = async (stage: Stage, all: readonly Said[]) =>
    (await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind;
  const get = (port: number, host: string, address = "127.0.0.1") =>
    httpGet({ port, host, tls: true, address, limitMs: 15_000 });

  test(
    "both are on one port, the client stays known, and hosts come and go without a reload",
    async (stage, port, { web, talker }) => {
      await apply(stage, [web]);
      assert.equal((await get(port, "web.local")).status, 200);
      assert.equal(await apply(stage, [web, passed(talker, ["pass.local", "*.pass.local"])]), "reload");
      const answer = await get(port, "web.local");
      assert.equal(answer.status, 200);
      assert.match(answer.body, /x-forwarded-for: 127\.0\.0\.1\r\n/i);
      assert.match(
        answer.body,
        new RegExp(`x-forwarded-proto: https\r\n[^]*x-forwarded-port: ${port}\r\n`, "i"),
      );
      const names = ["pass.local", "x.pass.local", "in.pass.local"];
      assert.deepEqual(await Promise.all(names.slice(0, 2).map((name) => asked(port, name))), [
        "passed for pass.local",
        "passed for x.pass.local",
      ]);
      // A host whose TLS HAProxy ends is more than a wildcard.
      assert.equal((await get(port, "in.pass.local")).status, 200);
      assert.equal((await get(port, "nobody.local")).status, 404);
      const more = [web, passed(talker, ["pass.local", "*.pass.local"]), passed(talker, ["more.local"])];
      assert.equal(await apply(stage, more), "runtime");
      assert.equal(await asked(port, "more.local"), "passed for more.local");
      assert.equal(await apply(stage, [web, passed(talker, ["more.local"])].slice(0, 1)), "reload");
      assert.equal((await get(port, "web.local")).status, 200);
      assert.equal((await get(port, "pass.local")).status, 404);
    },
  );

  test(
    "it is known to the next signalbox, which goes on without a reload",
    async (stage, port, { web, talker }) => {
      const all = [web, passed(talker, ["*.pass.local"])];
      await apply(stage, all);
      await stage.replace();
      assert.equal(await apply(stage, all), "nothing");
      assert.equal(await asked(port, "x.pass.local"), "passed for x.pass.local");
      assert.equal((await get(port, "in.pass.local")).status, 200);
      assert.equal(stage.applier.loader.count, 0);
    },
  );

  test(
    "clients come in by their addresses, to what ends and to what goes through",
    async (stage, port, { echo, talker }) => {
      const web = (from: string): Said => ({
        port: echo.port,
        data: { hostname: "web.local", allow_from: [from] },
      });
      await apply(stage, [
        web("192.0.2.0/24"),
        passed(talker, ["pass.local"], { allow_from: ["192.0.2.0/24"] }),
      ]);
      assert.equal((await get(port, "web.local")).status, 403);
      assert.equal(await asked(port, "pass.local"), "refused");
      await apply(stage, [web("127.0.0.1"), passed(talker, ["pass.local"], { allow_from: ["127.0.0.1"] })]);
      assert.equal((await get(port, "web.local")).status, 200);
      assert.equal(await asked(port, "pass.local"), "passed for pass.local");
    },
  );

  test(
    "no other user reaches the way between, and HAProxy has nothing to say about it",
    async (stage, _port, { web, talker }) => {
      await apply(stage, [web, passed(talker, ["pass.local"])]);
      const listening = (await Deno.readTextFile("/proc/net/unix")).split("\n").map((line) =>
        line.split(" ").at(-1) ?? ""
      );
      // HAProxy gives a socket its name once it listens.
      const found = listening.filter((path) => /https[.]sock/.test(path) && path.startsWith(stage.stateDir));
      assert.ok(found.length > 0);
      assert.equal(listening.some((path) => /^@.*https/.test(path)), false);
      assert.equal((Deno.statSync(stage.stateDir).mode ?? 0) & 0o077, 0);
      assert.deepEqual(stage.report.troubles, []);
    },
  );

  test(
    "requests under way live through the first host and the last, and none fails meanwhile",
    async (stage, port, { web, talker }) => {
      await apply(stage, [web]);
      let isOver = false;
      const seen = { all: 0, failed: 0 };
      const asking = (async () => {
        while (!isOver) {
          seen.all++;
          await get(port, "web.local").then(
            ({ status }) => status === 200 || seen.failed++,
            () => seen.failed++,
          );
        }
      })();
      for (let round = 0; round < 2; round++) {
        const before = seen.all;
        await apply(stage, [web, passed(talker, ["pass.local"])]);
        await eventually(() => seen.all > before + 20, { what: "requests to be answered" });
        // The loop keeps what stands before HTTPS.
        const { desired, states } = want(stage.routing, snapshotOf([web]), {});
        const kept = keepBeforeHttps(desired.model, stage.applier.running?.tcp);
        const last = { desired: stage.routing.design.render(kept), states };
        assert.equal((await stage.apply(last)).plan.kind, "runtime");
        await settled(stage, last);
        // A reload in between, for anything.
        const more = snapshotOf([web, {
          port: 1,
          data: { hostname: "more.local", retries: 1, queue_timeout: 777 + round },
        }]);
        const other = want(stage.routing, more, {});
        const keeping = keepBeforeHttps(other.desired.model, stage.applier.running?.tcp);
        const between = { ...other, desired: stage.routing.design.render(keeping) };
        assert.equal((await stage.apply(between)).plan.kind, "reload");
        await eventually(() => seen.all > before + 40, { what: "requests to be answered" });
        assert.equal((await get(port, "web.local")).status, 200);
        assert.equal((await get(port, "pass.local")).status, 404);
      }
      isOver = true;
      await asking;
      assert.deepEqual(seen, { all: seen.all, failed: 0 });
    },
  );

  test(
    "connections for HTTP, and those before HTTPS, are those of one client together",
    async (stage, port, { web, talker }) => {
      await apply(stage, [web, passed(talker, ["pass.local"])]);
      const held: Deno.Conn[] = [];
      try {
        // HAProxy waits for the first message of TLS in the one, and for a request in the other.
        for (const each of [port, stage.httpPort]) {
          for (let at = 0; at < PER_CLIENT / 2; at++) {
            held.push(await Deno.connect({ hostname: "127.0.0.1", port: each }));
          }
        }
        await eventually(async () => await counted(stage) === PER_CLIENT, { what: "all to be counted" });
        for (const url of [`https://web.local:${port}`, `http://web.local:${stage.httpPort}`]) {
          assert.equal(await statusFrom("127.0.0.1", url), "000");
          assert.equal(await statusFrom("127.0.0.2", url), "200");
        }
      } finally {
        for (const connection of held) connection.close();
      }
    },
    { "max-connections-per-client": `${PER_CLIENT}` },
  );

  test(
    "a client behind a balancer counts once, though its connection passes two listeners",
    async (stage, port, { web, talker }) => {
      await apply(stage, [web, passed(talker, ["pass.local"])]);
      const balanced = (url: string) => statusFrom("127.0.0.1", url, "--haproxy-protocol");
      assert.equal(await balanced(`https://web.local:${port}`), "200");
      assert.equal(await balanced(`http://web.local:${stage.httpPort}`), "200");
      assert.equal(await statusFrom("127.0.0.2", `https://web.local:${port}`), "200");
    },
    { "proxy-protocol": "127.0.0.1", "max-connections-per-client": "1" },
  );

  Deno.test(`${called(program)}: without a certificate, TLS that goes through is all there is on the port`, async () => {
    const port = freePort();
    await using talker = await TlsTalker.start("passed");
    await onStage(program, { settings: { "https-port": `${port}` } }, async (stage) => {
      await apply(stage, [passed(talker, ["pass.local"])]);
      assert.equal(await asked(port, "pass.local"), "passed for pass.local");
      assert.equal(await asked(port, "other.local"), "refused");
    });
  });
}
