/** A snapshot whose folder is taken away, and comes again, is followed as before. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";
import { holding } from "../harness/events.ts";

Deno.test("a snapshot is followed when its folder was put in the place of another one", async () => {
  await using stage = await FaultStage.open({ host: "first.example" });
  const snapshot = () => Deno.readTextFile(`${stage.folder}/snapshot.json`);
  await stage.write("data/snapshot.json", await snapshot());
  stage.start(["--snapshot", `${stage.folder}/data/snapshot.json`]);
  await stage.answers("first.example");
  for (const host of ["second.example", "third.example"]) {
    await stage.want({ host });
    await stage.write(`new/snapshot.json`, await snapshot());
    await Deno.rename(`${stage.folder}/data`, `${stage.folder}/old-${host}`);
    await Deno.rename(`${stage.folder}/new`, `${stage.folder}/data`);
    await stage.answers(host);
  }
});

Deno.test("a pipe in the place of the snapshot is told, holds nobody, and the file that comes after it is read", async () => {
  await using stage = await FaultStage.open({ host: "first.example" });
  const program = stage.start();
  await stage.answers("first.example");
  const pipe = `${stage.folder}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  await Deno.rename(pipe, `${stage.folder}/snapshot.json`);
  await stage.says(program, { event: "snapshot-unreadable", source: holding("snapshot.json") });
  await stage.status();
  await stage.answers("first.example");
  const { stdout } = await runProgram(["status", "--state-dir", stage.stateDir]);
  assert.match(
    stdout,
    /^containers: \S+snapshot\.json: CANNOT BE USED \(it is no regular file\), the last good state stays, 1 running in it$/m,
  );
  await stage.want({ host: "second.example" });
  await stage.answers("second.example");
  assert.match(
    (await runProgram(["status", "--state-dir", stage.stateDir])).stdout,
    /^containers: \S+snapshot\.json: snapshot file, 1 running$/m,
  );
});

Deno.test("a signal that comes while signalbox begins ends it", async () => {
  await using stage = await FaultStage.open({ host: "first.example" });
  for (let count = 0; count < 3; count++) {
    const program = stage.start();
    const isBegun = (kind: string) => ["adopted", "haproxy-started"].includes(kind);
    await stage.says(program, { event: count === 0 ? "starting" : isBegun });
    await program.stop();
  }
});
