/** A second signalbox on the state directory: one that could not do the work drives none away that does. */
import assert from "node:assert/strict";
import { askControl } from "../../lib/report/control_socket.ts";
import { eventually } from "../harness/eventually.ts";
import { eventLine } from "../harness/events.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { makePem } from "./pem.ts";
import { FaultStage } from "./stage.ts";

const UNABLE: readonly (readonly [what: string, flags: readonly string[], code: number, why: RegExp])[] = [
  ["a haproxy that is not there", ["--haproxy", "/nowhere/haproxy"], 1, /cannot run haproxy/],
  [
    "no reload command for an external HAProxy",
    ["--external", "--config", "/nowhere/x.cfg"],
    2,
    /--reload-command/,
  ],
  [
    "a certificate that is not there",
    ["--tls-cert", "/nowhere/site.pem"],
    1,
    /the running signalbox keeps HAProxy/,
  ],
  ["a pid file that cannot be written", ["--pid-file", "/proc/nowhere/pid"], 1, /cannot write --pid-file/],
];

for (const [what, flags, code, why] of UNABLE) {
  Deno.test(`one with ${what} ends, and the one that runs stays`, async () => {
    await using stage = await FaultStage.open({ host: "good.example" });
    const first = stage.start();
    await stage.answers("good.example");
    const second = stage.start(flags);
    assert.equal(await second.exited, code);
    assert.match(second.lines.join("\n"), why);
    assert.equal((await stage.status()).pid, first.pid);
    await stage.want({ host: "good.example" }, { host: "late.example" });
    await stage.answers("late.example");
  });
}

Deno.test("one whose --admin is taken serves without it, says so, and has it when it is free", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const first = stage.start();
  await stage.answers("good.example");
  const taken = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const { port } = taken.addr;
  const second = stage.start(["--admin", `127.0.0.1:${port}`]);
  assert.equal(await first.exited, 0);
  await stage.says(second, eventLine("status-unavailable"));
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await stage.answers("late.example");
  taken.close();
  await eventually(async () => (await httpGet({ port, path: "/healthz" })).status === 200, {
    what: "its page to be there",
  });
});

Deno.test("a question that is never finished to the one that leaves costs the next one nothing", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const first = stage.start();
  await stage.answers("good.example");
  const path = `${stage.stateDir}/control.sock`;
  const slow = await Deno.connect({ transport: "unix", path });
  await slow.write(new TextEncoder().encode("GET /status HTTP/1.1\r\nHost: x\r\n"));
  const second = stage.start();
  await second.waitForLine(eventLine("read-back"));
  await eventually(async () => (await stage.status()).pid === second.pid, { what: "the second to be asked" });
  slow.close();
  assert.equal(await first.exited, 0);
  assert.equal((await askControl(stage.stateDir, "GET", "/status") as { pid: number }).pid, second.pid);
  const third = stage.start();
  assert.equal(await second.exited, 0);
  await eventually(async () => (await stage.status()).pid === third.pid, { what: "the third to be asked" });
});

Deno.test("one that asks for fewer listeners names those that it closes, and those that stay", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const certificate = await stage.write("site.pem", await makePem(stage.folder, "good.example"));
  const first = stage.start(["--tls-cert", certificate]);
  await stage.answers("good.example");
  const same = stage.start(["--tls-cert", certificate]);
  assert.equal(await first.exited, 0);
  await stage.answers("good.example");
  const fewer = stage.start();
  assert.equal(await same.exited, 0);
  await stage.says(fewer, {
    event: "listeners-gone",
    level: "warn",
    closes: `127.0.0.1:${stage.httpsPort} (TLS)`,
    keeps: `127.0.0.1:${stage.port}`,
  });
  await stage.says(fewer, eventLine("reloaded"));
  await stage.answers("good.example");
  await eventually(
    () => Deno.connect({ hostname: "127.0.0.1", port: stage.httpsPort }).then((it) => it.close(), () => true),
    { what: "the port of HTTPS to be closed" },
  );
  assert.equal(same.lines.some((line) => eventLine("listeners-gone").test(line)), false);
});
