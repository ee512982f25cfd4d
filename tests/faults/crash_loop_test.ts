/** An HAProxy that ends again and again: it is started ever more rarely, that is seen in status, and it heals. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine, holding } from "../harness/events.ts";
import { haproxies } from "../harness/haproxies.ts";
import { FaultStage } from "./stage.ts";

const [first] = await haproxies();

/** A haproxy that ends at once while a file is there, but answers what it is asked for its version and a check. */
async function fragile(
  stage: FaultStage,
): Promise<{ path: string; harm: string; starts: () => Promise<number> }> {
  assert.ok(first, "there is no haproxy here: install it");
  const [harm, log] = [`${stage.folder}/harm`, `${stage.folder}/starts`];
  const path = await stage.write(
    "haproxy",
    `#!/bin/sh
case " $* " in *" -W "*)
  echo start >>${log}
  if [ -e ${harm} ]; then echo "[ALERT] the moon is wrong" >&2; exit 7; fi;;
esac
exec ${first.path} "$@"
`,
  );
  await Deno.chmod(path, 0o755);
  const starts = async () =>
    (await Deno.readTextFile(log).catch(() => "")).split("\n").filter((line) => line !== "").length;
  return { path, harm, starts };
}

const pidOf = async (stage: FaultStage) => Number(/^Pid: (\d+)/m.exec(await stage.ask("show info"))?.[1]);

Deno.test("an HAProxy that ends at each start is told with its reason, is not spun, and serves once it can", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const { path, harm, starts } = await fragile(stage);
  await Deno.writeTextFile(harm, "");
  const program = stage.start(["--haproxy", path]);
  await stage.says(program, eventLine("haproxy-lost"));
  await stage.says(program, { event: "haproxy-printed", msg: holding("the moon is wrong") });
  await eventually(async () => (await stage.status()).haproxy.failures >= 3, { what: "failures in status" });
  assert.equal((await stage.status()).haproxy.isServing, false);
  // Each start is counted, and the next one waits for it.
  const before = await starts();
  assert.ok(before <= (await stage.status()).haproxy.failures + 1, `${before} starts`);
  await Deno.remove(harm);
  await stage.answers("good.example");
  await eventually(async () => (await stage.status()).trouble === undefined, {
    what: "no trouble to be left",
  });
});

Deno.test("an HAProxy that crashes and cannot come back is tried until it can, with what it served", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const { path, harm, starts } = await fragile(stage);
  const program = stage.start(["--haproxy", path]);
  await stage.answers("good.example");
  await Deno.writeTextFile(harm, "");
  Deno.kill(await pidOf(stage), "SIGKILL");
  await eventually(async () => (await stage.status()).haproxy.failures >= 4, { what: "failures in status" });
  await stage.says(program, { event: "haproxy-lost", how: holding(7) });
  const before = await starts();
  // It still follows its containers meanwhile.
  await stage.want({ host: "good.example" }, { host: "late.example" });
  await Deno.remove(harm);
  await stage.answers("good.example");
  await stage.answers("late.example");
  assert.ok(await starts() - before < 12, `${await starts() - before} starts`);
});

Deno.test("a port that another program has is tried again, and taken once it is free", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  // A first start that can listen on nothing ends; one that follows another goes on trying.
  const before = stage.start();
  await stage.answers("good.example");
  await before.stop();
  const other = Deno.listen({ hostname: "127.0.0.1", port: stage.port });
  const program = stage.start();
  const starts = () => program.lines.filter((line) => eventLine("haproxy-started").test(line));
  try {
    await eventually(() => starts().length >= 5, { what: "five starts" });
    await eventually(async () => /cannot bind|in use/i.test((await stage.status()).trouble ?? ""), {
      what: "the trouble in status",
    });
  } finally {
    other.close();
  }
  await stage.answers("good.example");
});
