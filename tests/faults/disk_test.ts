/** A state directory that is full or read-only: one clear error, the last good state stays, and it heals. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { askMaster } from "../../lib/haproxy/socket/worker.ts";
import { eventually } from "../harness/eventually.ts";
import { errors, FaultStage } from "./stage.ts";

const isRoot = Deno.uid() === 0;
if (!isRoot) console.error("skipped: a full and a read-only disk need root, to be mounted");

async function system(...words: readonly [string, ...string[]]): Promise<void> {
  const [command, ...args] = words;
  const { success, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  assert.ok(success, `${words.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Makes the state directory a small disk of its own. */
async function mountState(stage: FaultStage): Promise<void> {
  await Deno.mkdir(stage.stateDir, { mode: 0o700 });
  await system("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", stage.stateDir);
  stage.defer(() => system("umount", "-l", stage.stateDir));
}

async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(16_384);
  // Smaller and smaller pieces, until not a byte is left.
  for (let size = block.length; size >= 1;) {
    try {
      await file.write(block.subarray(0, size));
    } catch {
      size >>= 1;
    }
  }
}

const mounted = (sentence: string, body: (stage: FaultStage) => Promise<void>) =>
  Deno.test({
    name: sentence,
    ignore: !isRoot,
    async fn() {
      await using stage = await FaultStage.open({ host: "good.example" });
      await mountState(stage);
      await body(stage);
    },
  });

for (
  const [how, harm, mend] of [
    [
      "full",
      (dir: string) => fill(`${dir}/filler`),
      (dir: string) => Deno.remove(`${dir}/filler`),
    ],
    [
      "read-only",
      // Not while a file there is being written.
      (dir: string) =>
        eventually(() => system("mount", "-o", "remount,ro", dir).then(() => true), { what: "the remount" }),
      (dir: string) => system("mount", "-o", "remount,rw", dir),
    ],
  ] as const
) {
  mounted(
    `a state directory that becomes ${how} is one error, HAProxy serves on, and it heals`,
    async (stage) => {
      const program = stage.start();
      await stage.answers("good.example");
      // A master that still executes itself anew after its start writes its pid file once more, and ends if it cannot.
      await eventually(
        async () => await askMaster(`${stage.stateDir}/master.sock`, systemClock) !== undefined,
        {
          what: "HAProxy's master to be there",
        },
      );
      const { haproxy } = await stage.status();
      await harm(stage.stateDir);
      const from = program.lines.length;
      await stage.want({ host: "good.example" }, { host: "late.example" });
      await stage.says(program, { event: "behind", level: "error" }, from);
      assert.match(errors(program, from)[0] ?? "", /No space left|Read-only file system/);
      await eventually(async () => (await stage.status()).trouble !== undefined, {
        what: "status to tell it",
      });
      for (let at = 0; at < 20; at++) assert.equal((await stage.get("good.example")).status, 200);
      assert.equal((await stage.status()).haproxy.pid, haproxy.pid);
      await mend(stage.stateDir);
      await stage.answers("late.example");
      assert.equal(errors(program, from).length, 1, errors(program, from).join("\n"));
      await eventually(async () => (await stage.status()).trouble === undefined, {
        what: "no trouble to be left",
      });
    },
  );

  mounted(`a state directory that is ${how} at the start is one error that names it`, async (stage) => {
    await harm(stage.stateDir);
    const program = stage.start();
    const code = await Promise.race([
      program.exited,
      stage.says(program, { level: "error" }).then(() => "told"),
    ]);
    const said = program.lines.filter((line) => /^error:|"level":"error"/.test(line));
    assert.equal(said.length, 1, program.lines.join("\n"));
    assert.match(said[0] ?? "", /No space left|Read-only file system/);
    if (code !== "told") return assert.equal(code, 1);
    await mend(stage.stateDir);
    await stage.answers("good.example");
  });
}
