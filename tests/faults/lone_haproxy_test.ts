/** An HAProxy whose signalbox has crashed: what is said of it, and what the next signalbox knows. */
import assert from "node:assert/strict";
import { FakeEngine } from "../docker/fake_engine.ts";
import { eventLine } from "../harness/events.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort } from "../harness/http.ts";
import { runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

type Check = { readonly name: string; readonly isGood: boolean; readonly detail: string };

const TAKES_OVER = "`signalbox run` with this state directory takes it over without losing a request";

for (const haproxy of await haproxies()) {
  Deno.test(`after a crash, doctor, status and explain tell of the HAProxy that serves on (${haproxy.version})`, async () => {
    await using stage = await FaultStage.open({ host: "good.example" });
    const first = stage.start(["--haproxy", haproxy.path]);
    await stage.says(first, eventLine("reloaded"));
    const { startedAt, haproxy: { pid } } = await stage.status();
    await first.stop("SIGKILL");
    await stage.answers("good.example");
    const words = `HAProxy of an earlier signalbox (pid ${pid}) serves on 127.0.0.1:${stage.port}`;

    const place = ["--state-dir", stage.stateDir];
    const doctor = async (port: number): Promise<Check | undefined> => {
      const flags = ["--bind", "127.0.0.1", "--http-port", `${port}`, "--haproxy", haproxy.path];
      const snapshot = ["--snapshot", `${stage.folder}/snapshot.json`, "--max-connections", "100"];
      const { stdout } = await runProgram(["doctor", "--json", ...place, ...flags, ...snapshot]);
      const { checks } = JSON.parse(stdout) as { checks: readonly Check[] };
      return checks.find(({ name }) => name === `port ${port}`);
    };
    assert.deepEqual(await doctor(stage.port), {
      name: `port ${stage.port}`,
      isGood: true,
      detail: `${words}; ${TAKES_OVER}`,
    });
    assert.equal((await doctor(freePort()))?.detail, "free");

    const { code, stderr } = await runProgram(["status", ...place]);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`${words}, with what it had; ${TAKES_OVER}`), stderr);
    await using engine = await FakeEngine.start();
    engine.run("aa");
    const asked = ["explain", ...place, "--docker-host", `unix://${engine.path}`];
    assert.ok((await runProgram(asked)).stdout.includes(`: ${words}, with what it had; ${TAKES_OVER}\n`));
    const [entry] = JSON.parse((await runProgram([...asked, "--json"])).stdout) as {
      live: Record<string, unknown>;
    }[];
    assert.equal(entry?.live["getsTraffic"], null);

    const second = stage.start(["--haproxy", haproxy.path]);
    await stage.says(second, eventLine("read-back"));
    const { haproxy: { workerStartedAt = "" }, lastReload } = await stage.status();
    assert.equal(lastReload, undefined);
    // HAProxy counts whole seconds.
    assert.ok(Date.parse(workerStartedAt) > Date.parse(startedAt) - 2_000, workerStartedAt);
    const { stdout } = await runProgram(["status", ...place]);
    assert.match(stdout, /^last reload: \S+Z, before this signalbox, which adopted HAProxy at \S+Z$/m);
  });
}

Deno.test("where HAProxy is gone too, nothing is told of it", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const program = stage.start();
  await stage.says(program, eventLine("reloaded"));
  await program.stop();
  const { stderr } = await runProgram(["status", "--state-dir", stage.stateDir]);
  assert.match(stderr, /no signalbox answers at \S+, expected one that runs with --state-dir/);
});
