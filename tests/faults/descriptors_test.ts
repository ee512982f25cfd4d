/** Descriptors that others make signalbox hold: routing keeps what it needs. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine } from "../harness/events.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { program } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

const HOST = "good.example";

async function countDescriptors(pid: number): Promise<number> {
  let count = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) count++;
  return count;
}

Deno.test("a thousand silent connections to the admin page hold up neither routing nor whoever asks", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const port = freePort();
  const first = stage.start(["--admin", `127.0.0.1:${port}`]);
  await stage.answers(HOST);
  const before = await countDescriptors(first.pid);
  const silent: Deno.Conn[] = [];
  stage.defer(() => silent.forEach((connection) => connection.close()));
  for (let count = 0; count < 1_000; count++) {
    const connection = await Deno.connect({ port });
    silent.push(connection);
    await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\n")).catch(() => undefined);
  }
  assert.equal((await httpGet({ port, path: "/readyz" })).status, 200);
  assert.ok(await countDescriptors(first.pid) < before + 64 + 20);
  assert.equal((await stage.status()).pid, first.pid);
  await stage.want({ host: HOST }, { host: "late.example" });
  await stage.answers("late.example");
  const second = stage.start();
  assert.equal(await first.exited, 0);
  await stage.says(second, eventLine("adopted"));
});

Deno.test("silent connections to the control socket keep nobody out who asks there", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const first = stage.start();
  await stage.answers(HOST);
  const silent: Deno.Conn[] = [];
  stage.defer(() => silent.forEach((connection) => connection.close()));
  for (let count = 0; count < 300; count++) {
    silent.push(await Deno.connect({ transport: "unix", path: `${stage.stateDir}/control.sock` }));
  }
  assert.equal((await stage.status()).pid, first.pid);
  const second = stage.start();
  assert.equal(await first.exited, 0);
  await stage.says(second, eventLine("adopted"));
});

Deno.test("signalbox may have more descriptors than it was given, as far as it may ask for them", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const words = [
    ...program(),
    "run",
    "--snapshot",
    `${stage.folder}/snapshot.json`,
    "--state-dir",
    stage.stateDir,
  ];
  const flags = ["--bind", "127.0.0.1", "--http-port", `${stage.port}`, "--https-port", `${stage.httpsPort}`];
  await using child = new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -Sn 512 && ulimit -Hn 4096 && exec "$@"',
      "sh",
      ...words,
      ...flags,
      "--max-connections",
      "200",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await eventually(
    async () => /^Max open files +4096 +4096/m.test(await Deno.readTextFile(`/proc/${child.pid}/limits`)),
    { what: "the limit to be raised" },
  );
  await stage.answers(HOST);
  child.kill("SIGTERM");
  await child.status;
});
