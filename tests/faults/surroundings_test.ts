/** The copy of the config, the port, the certificate: each trouble is one clear error, the last good state stays, and it heals. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine, holding } from "../harness/events.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { FaultStage } from "./stage.ts";
import { curl, makeCertificate } from "../live/certificates.ts";

async function system(...words: readonly [string, ...string[]]): Promise<void> {
  const [command, ...args] = words;
  const { success, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  assert.ok(success, `${words.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test("a copy of the config that cannot be written is told once, and costs nothing else", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  await stage.write("file", "not a folder");
  const program = stage.start(["--config", `${stage.folder}/file/haproxy.cfg`]);
  await stage.answers("good.example");
  await stage.says(program, { event: "copy-failed", path: `${stage.folder}/file/haproxy.cfg` });
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await stage.answers("late.example");
  await Deno.remove(`${stage.folder}/file`);
  await stage.want({ host: "good.example" }, { host: "later.example" });
  await eventually(
    async () => (await Deno.readTextFile(`${stage.folder}/file/haproxy.cfg`)).includes("later.example"),
    { what: "the copy to be written once it can be" },
  );
});

Deno.test("a certificate that is broken when SIGHUP comes is a warning, the old one serves on, and it heals", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const certificate = await makeCertificate(stage.folder, "good.example", `${stage.folder}/site.pem`);
  const { path } = certificate;
  const pem = await Deno.readTextFile(path);
  const program = stage.start(["--tls-cert", path]);
  await stage.answers("good.example");
  await Deno.writeTextFile(path, "-----BEGIN CERTIFICATE-----\nbroken\n");
  const from = program.lines.length;
  program.kill("SIGHUP");
  await stage.says(program, { code: "certificate-unusable", container: path });
  await stage.says(program, { event: "reloaded", reasons: ["SIGHUP"] }, from);
  assert.equal((await curl("good.example", stage.httpsPort, certificate)).version, "2");
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await stage.answers("late.example");
  await Deno.writeTextFile(path, pem);
  // That it is not for late.example is an info.
  const warnings = async () =>
    (await stage.status()).notices.filter(({ severity }) => severity === "warning");
  await eventually(async () => (await warnings()).length === 0, { what: "the warning to be gone" });
  assert.equal((await stage.status()).trouble, undefined);
});

Deno.test("the folder that it was started in may go away: HAProxy is checked, reloaded and started again all the same", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const folder = await Deno.makeTempDir({ prefix: "signalbox-start-" });
  const program = stage.start([], {}, folder);
  await stage.answers("good.example");
  await Deno.remove(folder);
  await stage.want({ host: "good.example" }, {
    host: "late.example",
    data: { backend_options: ["http-server-close"] },
  });
  await stage.answers("late.example");
  Deno.kill(Number(await Deno.readTextFile(`${stage.stateDir}/haproxy.pid`)), "SIGKILL");
  await stage.says(program, eventLine("haproxy-lost"));
  await stage.answers("late.example");
});

Deno.test("where no descriptor is left for who asks, that is told, and answered again when there are some", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const port = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${port}`]);
  await stage.answers("good.example");
  const ask = async (limitMs?: number) =>
    (await httpGet({ port, path: "/healthz", ...limitMs !== undefined && { limitMs } })).status;
  assert.equal(await ask(), 200);
  const limit = (most: string) => system("prlimit", "--pid", `${program.pid}`, `--nofile=${most}`);
  await limit("64:1024");
  // Those that nobody accepts are cut off.
  const idle = await Promise.allSettled(
    Array.from({ length: 80 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  await assert.rejects(ask(1_000), "nobody accepts it");
  assert.equal((await stage.get("good.example")).status, 200);
  for (const connection of idle) if (connection.status === "fulfilled") connection.value.close();
  await eventually(async () => await ask(1_000) === 200, { what: "it to be asked again" });
  await stage.says(program, { event: "status-unavailable", why: holding("os error 24") });
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await stage.answers("late.example");
});
