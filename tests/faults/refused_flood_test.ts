/** A flood of refused requests fills no log, hides no other client, and takes no line from what a container got. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { FaultStage } from "./stage.ts";

const HOST = "good.example";
const FLOOD = 3_000;

/** Sends so many requests on one connection, a few at a time, and reads their answers. */
async function send(port: number, host: string, path: string, count: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  const batch = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(50));
  let answers = 0;
  let text = "";
  for (let sent = 0; sent < count;) {
    await connection.write(batch);
    sent += 50;
    while (answers < sent) {
      const size = await connection.read(buffer);
      assert.ok(size !== null, `${answers} of ${count} answers`);
      text += decoder.decode(buffer.subarray(0, size), { stream: true });
      const parts = text.split("HTTP/1.1 ");
      answers += parts.length - 1;
      text = (parts.at(-1) ?? "").slice(-16);
    }
  }
}

for (const haproxy of await haproxies()) {
  Deno.test(`a flood of refused requests is counted, and all else is logged, HAProxy ${haproxy.version}`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const program = stage.start(["--haproxy", haproxy.path, "--access-log", "all"]);
    await stage.answers(HOST);
    const logged = (path: string) =>
      program.lines.filter((line) => line.includes('"kind":"access"') && line.includes(`"GET ${path} `))
        .length;
    const counted = () =>
      program.lines.filter((line) => line.includes('"kind":"refusals"'))
        .reduce((sum, line) => sum + Number(JSON.parse(line).statuses["404"] ?? 0), 0);
    const flood = send(stage.port, "unknown.example", "/flood", FLOOD);
    const served = send(stage.port, HOST, "/served", 400);
    const other = new Deno.Command("curl", {
      args: ["-s", "-o", "/dev/null", "--interface", "127.0.0.9", "-H", "Host: unknown.example"]
        .concat(`http://127.0.0.1:${stage.port}/other`),
    }).output();
    await Promise.all([flood, served, other]);
    await eventually(() => logged("/flood") + counted() >= FLOOD, { what: "all of the flood to be told" });
    await eventually(() => logged("/served") === 400 && logged("/other") === 1, { what: "all else" });
    assert.equal(logged("/flood") + counted(), FLOOD);
    assert.ok(logged("/flood") < FLOOD / 2, `${logged("/flood")} lines`);
    await program.stop();
  });
}
