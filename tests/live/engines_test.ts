/** Several engines: a file names them, they come and go, and one falls silent. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { engineFromEnv, startContainer, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { runProgram } from "../harness/program.ts";
import { ownEngine } from "./own_engine.ts";
import { quietRelay } from "./quiet_relay.ts";
import { askWhile, live, tally } from "./stage.ts";

/** An engine that is cut off has to be known within ten seconds, where the machine is not busy with other tests. */
const CUT_OFF_LIMIT_MS = 15_000;

live("engines that a file names come and go, and those that stay lose no request by it", async (stage) => {
  const first = engineFromEnv().host;
  const second = await ownEngine(stage);
  await startContainer({ env: { NAME: "one" }, flags: ["--hostname", "both.local"] });
  const run = (host: string, name: string) =>
    second.docker("run", "-d", "--name", name, "--hostname", host, "--env", `NAME=${name}`, TINY);
  await run("both.local", "two");
  await run("second.local", "alone");
  const path = join(stage.folder, "engines");
  const write = (...lines: string[]) => Deno.writeTextFile(path, `${lines.join("\n")}\n`);
  await write(first);
  const router = await stage.router({ engine: null, flags: ["--docker-hosts-file", path] });
  const both = () => router.get("both.local");
  await router.answers("both.local");
  assert.equal((await router.get("second.local")).status, 404);
  const status = async () => (await runProgram(["status", "--state-dir", router.stateDir])).stdout;
  const lastReload = async () => /^last reload: .*$/m.exec(await status())?.[0];
  const before = await lastReload();
  assert.ok(before);
  const endings = await askWhile(both, async () => {
    await write(first, `${second.host} # joins`);
    assert.equal((await router.answers("second.local")).body, "alone");
    await eventually(async () => Object.keys(await tally(4, both)).length === 2, { what: "both to answer" });
    assert.match(await status(), new RegExp(`containers: ${second.host}: connected .*, 2 running`));
    const { stdout } = await runProgram(["explain", "second.local", "--state-dir", router.stateDir]);
    assert.match(stdout, new RegExp(`^alone \\([0-9a-f]{12}\\) of ${second.host}\n  serves second.local`));
    // Written as editors and scripts do it, by mistake or on the way.
    await Deno.writeTextFile(path, "");
    await router.program.waitForEntry({ code: "bad-engines", container: path });
    await write(first, `unix:/${second.host}`);
    await eventually(async () => /line 2/.test(await status()), { what: "the line at fault in status" });
    assert.match(await status(), /NOT USED AS IT IS \(line 2: .*\), and none goes/);
    assert.equal((await router.get("second.local")).status, 200);
    await write(first);
    await router.answers("second.local", 404);
  });
  assert.deepEqual([...new Set(endings)], [200]);
  assert.deepEqual(await tally(4, both), { one: 4 });
  assert.doesNotMatch(await status(), new RegExp(second.host));
  assert.equal(await lastReload(), before, "no reload was needed");
});

live("an engine that falls silent is known within ten seconds, and its routes answer on", async (stage) => {
  const relay = quietRelay(engineFromEnv().host);
  stage.defer(() => relay.close());
  const router = await stage.router({ engine: relay.host });
  await startContainer({ env: { NAME: "stays" }, flags: ["--hostname", "stays.local"] });
  await router.answers("stays.local");
  const endings = await askWhile(() => router.get("stays.local"), async () => {
    relay.silence();
    await router.program.waitForEntry({ event: "engine-lost" }, CUT_OFF_LIMIT_MS);
    const { stdout } = await runProgram(["status", "--state-dir", router.stateDir]);
    assert.match(stdout, /NOT CONNECTED \(no answer to a ping within 4000 ms\), 1 running/);
    assert.equal((await router.get("stays.local")).body, "stays");
    await startContainer({ env: { NAME: "missed" }, flags: ["--hostname", "missed.local"] });
    relay.mend();
    await eventually(async () => (await router.get("missed.local")).status === 200, {
      what: "what came meanwhile to be taken up",
      limitMs: 30_000,
    });
  });
  assert.deepEqual([...new Set(endings)], [200]);
});
