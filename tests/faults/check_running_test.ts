/** `signalbox check --against running`: what a compose file would change of what the signalbox here serves. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

Deno.test("check says what a file would change of what runs: what moves, comes, loses a guard, and nothing twice", async () => {
  await using stage = await FaultStage.open(
    { host: "one.example", data: { allow_from: ["127.0.0.0/8"] } },
    { host: "two.example" },
  );
  const file = await stage.write(
    "shop/compose.yaml",
    `services:
  first: {container_name: one, hostname: one.example, expose: [80]}
  second: {hostname: two.example, expose: [80]}
  third: {hostname: three, expose: [80]}
`,
  );
  const check = async (...flags: readonly string[]) => {
    const { code, stdout, stderr } = await runProgram([
      "check",
      file,
      "--against",
      "running",
      "--format",
      "json",
      "--state-dir",
      stage.stateDir,
      ...flags,
    ]);
    return { code, stderr, against: code === 4 || code === 0 ? JSON.parse(stdout).against : undefined };
  };
  const program = stage.start(["--default-domain", "example"]);
  await stage.answers("two.example");
  const first = await check();
  assert.equal(first.code, 4, first.stderr);
  // The domain is the running signalbox's setting. The older container of two.example stays its first one.
  assert.deepEqual(first.against.changes, [
    { kind: "loses", route: "one.example", detail: "allow_from: 127.0.0.0/8" },
    { kind: "comes", route: "three.example", detail: "shop-third" },
    { kind: "moves", route: "two.example", detail: "from two to shop-second, two" },
  ]);
  assert.equal(first.against.plan, "runtime");
  // Once all of it runs, nothing would change.
  await stage.write(
    "shop/compose.yaml",
    `services:
  first: {container_name: one, hostname: one.example, expose: [80], labels: {interlock.allow_from: 127.0.0.0/8}}
  second: {container_name: two, hostname: two.example}
`,
  );
  const { against } = await check();
  assert.deepEqual(against.changes, []);
  await program.stop();

  // Nobody runs: Docker is read, which is not at this address.
  const none = await check("--docker-host", `unix://${stage.folder}/nowhere.sock`);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /nowhere\.sock/);
});
