/** TLS that goes through, where something stands in its way: HTTPS goes on. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine, holding } from "../harness/events.ts";
import { httpGet } from "../harness/http.ts";
import { makePem } from "./pem.ts";
import { errors, FaultStage } from "./stage.ts";

Deno.test("where HAProxy cannot speak to itself, only TLS that goes through is lost, and comes back", async () => {
  const passed = { host: "pass.example", data: { ssl_passthrough: true } };
  await using stage = await FaultStage.open({ host: "web.example" });
  const pem = await stage.write("site.pem", await makePem(stage.folder, "web.example"));
  const program = stage.start(["--tls-cert", pem]);
  await stage.answers("web.example");
  const folder = Deno.uid() === 0 ? `${stage.stateDir}/empty` : stage.stateDir;
  await Deno.mkdir(`${folder}/https.sock`);
  await stage.want({ host: "web.example" }, passed);
  await stage.says(program, { level: "warn", code: "refused", msg: holding("https.sock") });
  const secure = () => httpGet({ port: stage.httpsPort, host: "web.example", tls: true, limitMs: 10_000 });
  assert.equal((await secure()).status, 200);
  assert.deepEqual([errors(program), (await stage.status()).trouble], [[], undefined]);
  await Deno.remove(`${folder}/https.sock`);
  const from = program.lines.length;
  program.kill("SIGHUP");
  await stage.says(program, eventLine("reloaded"), from);
  assert.equal((await secure()).status, 200);
});

Deno.test("a host whose TLS goes through that leaves while no signalbox runs costs no request of HTTPS", async () => {
  const web = { host: "web.example" };
  await using stage = await FaultStage.open(web, { host: "pass.example", data: { ssl_passthrough: true } });
  const pem = await stage.write("site.pem", await makePem(stage.folder, "web.example"));
  const first = stage.start(["--tls-cert", pem]);
  await stage.answers("web.example");
  const { haproxy } = await stage.status();
  let isOver = false;
  const seen = { all: 0, failed: 0 };
  const asking = (async () => {
    while (!isOver) {
      seen.all++;
      await httpGet({ port: stage.httpsPort, host: "web.example", tls: true, limitMs: 10_000 }).then(
        ({ status }) => status === 200 || seen.failed++,
        () => seen.failed++,
      );
    }
  })();
  await first.stop("SIGKILL");
  await stage.want(web);
  // Settings of HAProxy's process differ: it is adopted, and reloaded.
  const second = stage.start(["--tls-cert", pem, "--access-log", "all"]);
  await stage.says(second, eventLine("reloaded"), 0, 30_000);
  const before = seen.all;
  await eventually(() => seen.all > before + 20, { what: "requests after it" });
  assert.equal((await stage.status()).haproxy.pid, haproxy.pid);
  isOver = true;
  await asking;
  assert.deepEqual(seen, { all: seen.all, failed: 0 });
});
