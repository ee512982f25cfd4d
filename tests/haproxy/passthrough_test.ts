/** Hosts whose TLS goes through to their containers, on the port where HAProxy ends the TLS of the others. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { keepBeforeHttps } from "../../lib/core/state/kept_listener.ts";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { bytes, Echo } from "./echo.ts";
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

/** Asks over an abstract socket for web.local, with a PROXY header that names a client and a word; answers with what comes back. */
function forged(name: string, word: string): Promise<string> {
  const address = [192, 0, 2, 9, 192, 0, 2, 1, 0, 80, 1, 187];
  // The unique id is the fifth kind of what may follow (HAProxy's proxy-protocol.txt, 2.2.3).
  const more = word === "" ? [] : [5, 0, word.length, ...bytes(word)];
  const head = [
    ...bytes("\r\n\r\n\0\r\nQUIT\n"),
    0x21,
    0x11,
    0,
    address.length + more.length,
    ...address,
    ...more,
  ];
  return new Promise((resolve) => {
    const socket = connect({ path: `\0${name.padEnd(107, "\0")}` });
    const end = (answer: string) => {
      resolve(answer);
      socket.destroy();
    };
    socket.on("error", (error: Error) => end(`refused: ${error.message}`));
    socket.on("close", () => end("refused"));
    socket.on("connect", () => {
      socket.write(new Uint8Array(head));
      const tls = connectTls({ socket, servername: "web.local", rejectUnauthorized: false });
      tls.on("error", () => end("refused"));
      tls.on("close", () => end("refused"));
      tls.on("data", (data: Uint8Array) => end(new TextDecoder().decode(data)));
      tls.write("GET / HTTP/1.1\r\nHost: web.local\r\n\r\n");
    });
  });
}

for (const program of programs.filter(canAddServers)) {
  const test = (
    sentence: string,
    act: (stage: Stage, port: number, all: { web: Said; echo: Echo; talker: TlsTalker }) => Promise<void>,
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
      const settings = { "tls-cert": path, "https-port": `${port}` };
      await onStage(program, { settings }, async (stage) => await act(stage, port, { web, echo, talker }));
    });
  const apply = async (stage: Stage, all: readonly Said[]) =>
    (await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind;
  const get = (port: number, host: string, address = "127.0.0.1") =>
    httpGet({ port, host, tls: true, address, limitMs: 5_000 });

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
    "nobody else on the machine can name a client on the way between",
    async (stage, _port, { web, talker }) => {
      await apply(stage, [web, passed(talker, ["pass.local"])]);
      const instance = (await Deno.readTextFile(`${stage.stateDir}/instance`)).trim();
      const key = (await Deno.readTextFile(`${stage.stateDir}/peers-key`)).trim();
      for (const word of ["", "x", "signalbox-", `signalbox-${key.slice(1)}`]) {
        assert.equal(await forged(`${instance}-https`, word), "refused", word);
      }
      // Who can read the state directory is root or the user of signalbox.
      assert.match(await forged(`${instance}-https`, `signalbox-${key}`), /x-forwarded-for: 192\.0\.2\.9/i);
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
        const kept = keepBeforeHttps(desired.model, stage.applier.running);
        const last = { desired: stage.routing.design.render(kept), states };
        assert.equal((await stage.apply(last)).plan.kind, "runtime");
        await settled(stage, last);
        assert.equal((await get(port, "web.local")).status, 200);
        assert.equal((await get(port, "pass.local")).status, 404);
      }
      isOver = true;
      await asking;
      assert.deepEqual(seen, { all: seen.all, failed: 0 });
    },
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
