/** `signalbox events`: what happened, of this signalbox and of those before it. */
import assert from "node:assert/strict";
import type { KeptEvent } from "../../lib/core/status/history.ts";
import { eventLine } from "../harness/events.ts";
import { eventually, runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

async function ask(stage: FaultStage, ...flags: readonly string[]): Promise<readonly KeptEvent[]> {
  const { code, stdout, stderr } = await runProgram([
    "events",
    "--json",
    "--state-dir",
    stage.stateDir,
    ...flags,
  ]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
const kindsOf = (events: readonly KeptEvent[]) => events.map(({ event }) => event as string);

Deno.test("events tells what happened, also before a restart, and what the last signalbox left", async () => {
  await using stage = await FaultStage.open({ host: "one.example" });
  const first = stage.start();
  await stage.answers("one.example");
  const early = await eventually(async () => {
    const events = await ask(stage);
    return kindsOf(events).includes("reloaded") && events;
  }, { what: "the first load to be told" });
  assert.equal(kindsOf(early)[0], "starting");
  await first.stop("SIGTERM");

  // Nobody runs: the file has it.
  const { code, stdout, stderr } = await runProgram(["events", "--state-dir", stage.stateDir]);
  assert.equal(code, 0);
  assert.match(stderr, /^no signalbox runs: this is what the last one left in /);
  assert.match(stdout, /^\S+Z info {2}signalbox \S+ starts\n[\s\S]*Z info {2}stopped\n$/);

  const second = stage.start();
  await stage.answers("one.example");
  // A crash loses at most what was told in the moments before.
  await eventually(async () => kindsOf(await ask(stage)).filter((kind) => kind === "reloaded").length === 2, {
    what: "the second load to be told",
  });
  const all = await ask(stage);
  assert.deepEqual(all.slice(0, early.length), early);
  const ids = all.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
  second.kill("SIGKILL");
  await second.exited;
  assert.deepEqual((await ask(stage)).slice(0, all.length), all);

  const third = stage.start();
  await third.waitForLine(eventLine("adopted"));
  assert.ok(kindsOf(await ask(stage)).includes("adopted"));
  assert.deepEqual(await ask(stage, "--since", "2100-01-01"), []);
  assert.ok((await ask(stage, "--since", "10m")).length > all.length);
  // The status is about this signalbox alone.
  assert.equal((await stage.status()).events?.[0]?.event, "starting");
  assert.equal((await stage.status()).events?.filter(({ event }) => event === "starting").length, 1);
});

Deno.test("events says where nothing is, and what --since takes", async () => {
  await using stage = await FaultStage.open();
  const none = await runProgram(["events", "--state-dir", stage.stateDir]);
  assert.equal(none.code, 1);
  assert.match(
    none.stderr,
    /^error: no signalbox runs with the state directory \S+, and none left events there/,
  );
  const wrong = await runProgram(["events", "--state-dir", stage.stateDir, "--since", "yesterday"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^error: --since is "yesterday", expected a time such as 90s, 10m, 2h or 3d/);
});
