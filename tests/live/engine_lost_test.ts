/** An engine that is only read, that goes away, and that comes back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { docker, startContainer } from "../harness/engine.ts";
import { runProgram } from "../harness/program.ts";
import { proxyEngine } from "./engine_proxy.ts";
import { askWhile, live } from "./stage.ts";

live(
  "an engine that goes away costs no request, and what changed meanwhile is taken up when it is back",
  async (stage) => {
    const proxy = proxyEngine(join(stage.folder, "docker.sock"));
    stage.defer(() => proxy.cut());
    const router = await stage.router({ engine: proxy.host });
    await startContainer({ env: { NAME: "stays" }, flags: ["-P", "--hostname", "stays.local"] });
    const goes = await startContainer({ flags: ["-P", "--hostname", "goes.local"] });
    await router.answers("stays.local");
    await router.answers("goes.local");
    const endings = await askWhile(() => router.get("stays.local"), async () => {
      proxy.cut();
      await router.program.waitForEntry({ event: "engine-lost" });
      await docker("rm", "-f", goes);
      await startContainer({ env: { NAME: "comes" }, flags: ["-P", "--hostname", "comes.local"] });
      assert.equal((await router.get("comes.local")).status, 404);
      proxy.mend();
      assert.equal((await router.answers("comes.local")).body, "comes");
      await router.answers("goes.local", 404);
    });
    assert.deepEqual([...new Set(endings)], [200]);
    // Events come again, not only the list.
    await startContainer({ flags: ["-P", "--hostname", "later.local"] });
    await router.answers("later.local");
  },
);

live(
  "signalbox started before its engine answers the monitor, and routes when the engine is there",
  async (stage) => {
    const proxy = proxyEngine(join(stage.folder, "docker.sock"), { isListening: false });
    stage.defer(() => proxy.cut());
    await startContainer({ flags: ["-P", "--hostname", "patient.local"] });
    const router = await stage.router({ engine: proxy.host });
    assert.equal((await router.get("patient.local")).status, 404);
    proxy.mend();
    await router.answers("patient.local");
  },
);

live("signalbox started anew without its engine serves what it served", async (stage) => {
  const proxy = proxyEngine(join(stage.folder, "docker.sock"));
  stage.defer(() => proxy.cut());
  const first = await stage.router({ engine: proxy.host });
  await startContainer({ env: { NAME: "kept" }, flags: ["-P", "--hostname", "kept.local"] });
  await first.answers("kept.local");
  await first.program.stop();
  proxy.cut();
  const again = ["--http-port", `${first.port}`, "--state-dir", first.stateDir];
  await stage.router({ engine: proxy.host, flags: again, isImpatient: true });
  assert.equal((await first.answers("kept.local")).body, "kept");
});

live("the engine is only read: no request is anything but GET", async (stage) => {
  const proxy = proxyEngine(join(stage.folder, "docker.sock"));
  stage.defer(() => proxy.cut());
  const router = await stage.router({ engine: proxy.host });
  const id = await startContainer({ flags: ["-P", "--hostname", "read.local"] });
  await router.answers("read.local");
  await docker("pause", id);
  await docker("unpause", id);
  router.program.kill("SIGHUP");
  await docker("stop", id);
  await router.answers("read.local", 404);
  // It is known by now, so that its network is asked while it is being started.
  await docker("start", id);
  await router.answers("read.local");
  const engine = ["--docker-host", proxy.host];
  for (const command of ["render", "snapshot", "explain"]) {
    assert.equal((await runProgram([command, ...engine])).code, 0, command);
  }
  await router.program.stop();
  const kinds = new Set(
    proxy.requests.map((line) =>
      line.replace(/^(\S+) \S*?\/(version|events|containers|networks|info)\b.*/, "$1 $2")
    ),
  );
  assert.deepEqual([...kinds].sort(), [
    "GET containers",
    "GET events",
    "GET info",
    "GET networks",
    "GET version",
  ]);
});
