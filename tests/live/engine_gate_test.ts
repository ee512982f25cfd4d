/** An engine behind a filter, one that hangs, one that forgets its containers, and one that is upgraded. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { docker, startContainer } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { runProgram } from "../harness/program.ts";
import { EngineGate } from "./engine_gate.ts";
import { askWhile, live, type Stage } from "./stage.ts";

function gateOf(stage: Stage): EngineGate {
  const gate = new EngineGate(join(stage.folder, "gate.sock"));
  stage.defer(() => gate.close());
  return gate;
}

/** The paths that SECURITY.md names, as patterns: "GET /vN.NN/containers/ID/json"; without those of a Swarm's manager or another machine. */
async function allowedCalls(): Promise<Map<string, RegExp>> {
  const text = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));
  const rows = text.matchAll(
    /^\| `GET (?:\/vN\.NN)?(\/\S+)` \| (?!of a manager|every four seconds of an engine that is not)/gm,
  );
  const paths = [...rows].map(([, path = ""]) => path);
  return new Map(paths.map((path) => [path, new RegExp(`^${path.replace("ID", "[0-9a-f]{64}")}$`)]));
}

live(
  "all commands work behind a filter that allows the calls of SECURITY.md, with GET only, and each is needed",
  async (stage) => {
    const gate = gateOf(stage);
    const allowed = await allowedCalls();
    const nameOf = ({ method, path }: { method: string; path: string }) =>
      method === "GET" ? [...allowed].find(([, pattern]) => pattern.test(path))?.[0] : undefined;
    gate.decide = (call) =>
      nameOf(call) === undefined ? new Response("Forbidden", { status: 403 }) : "engine";
    const router = await stage.router({ engine: gate.host });
    const id = await startContainer({
      env: { NAME: "first" },
      flags: ["-P", "--hostname", "filtered.local"],
    });
    await router.answers("filtered.local");
    await docker("pause", id);
    await router.answers("filtered.local", 404);
    await docker("unpause", id);
    await router.answers("filtered.local");
    router.program.kill("SIGHUP");
    await router.program.waitForEntry({ event: "rereading", why: "SIGHUP" });
    for (const command of ["render", "snapshot", "explain"]) {
      assert.equal((await runProgram([command, "--docker-host", gate.host])).code, 0, command);
    }
    const doctor = await runProgram(["doctor", "--docker-host", gate.host, "--json"]);
    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; isGood: boolean }[] };
    assert.equal(checks.find(({ name }) => name.startsWith("Docker"))?.isGood, true, doctor.stdout);
    await docker("stop", "-t", "1", id);
    await router.answers("filtered.local", 404);
    // It is known by now, so that its network is asked while it is being started.
    await docker("start", id);
    await router.answers("filtered.local");
    assert.deepEqual(gate.calls.filter((call) => nameOf(call) === undefined), []);
    assert.deepEqual([...new Set(gate.calls.map(nameOf))].sort(), [...allowed.keys()].sort());
  },
);

live(
  "an engine that accepts and never answers is given up, costs no request, and is followed again when it answers",
  async (stage) => {
    const gate = gateOf(stage);
    const router = await stage.router({ engine: gate.host });
    await startContainer({ env: { NAME: "stays" }, flags: ["-P", "--hostname", "stays.local"] });
    await router.answers("stays.local");
    const endings = await askWhile(() => router.get("stays.local"), async () => {
      gate.decide = () => "never";
      router.program.kill("SIGHUP");
      // Certificates are read again without it: the engine is given 10 s, and nobody waits for them.
      await router.program.waitForEntry({ event: "reloaded", reasons: ["SIGHUP"] }, 8_000);
      await router.program.waitForEntry({ event: "engine-lost" }, 30_000);
      await startContainer({ env: { NAME: "missed" }, flags: ["-P", "--hostname", "missed.local"] });
      gate.decide = () => "engine";
      await eventually(async () => (await router.get("missed.local")).status === 200, {
        what: "the engine to be followed again",
        limitMs: 30_000,
      });
    });
    assert.deepEqual([...new Set(endings)], [200]);
    await startContainer({ flags: ["-P", "--hostname", "later.local"] });
    await router.answers("later.local");
  },
);

live(
  "an engine that lists nothing because it has just started empties no routing; one whose containers are gone does",
  async (stage) => {
    const gate = gateOf(stage);
    const router = await stage.router({ engine: gate.host });
    const id = await startContainer({ env: { NAME: "kept" }, flags: ["-P", "--hostname", "kept.local"] });
    await router.answers("kept.local");

    // What a client sees of an engine that has not loaded its containers yet.
    gate.decide = ({ path }) =>
      path === "/containers/json"
        ? Response.json([])
        : path.startsWith("/containers/")
        ? Response.json({ message: "No such container" }, { status: 404 })
        : "engine";
    const endings = await askWhile(() => router.get("kept.local"), async () => {
      gate.cut();
      await router.program.waitForEntry({ event: "container-unlisted" });
    });
    assert.deepEqual([...new Set(endings)], [200]);

    // Now it is true: nothing is listed, and nothing answers.
    await docker("rm", "-f", id);
    gate.cut();
    await router.answers("kept.local", 404);
    // The engine as it is goes on being followed.
    gate.decide = () => "engine";
    await startContainer({ flags: ["-P", "--hostname", "after.local"] });
    await router.answers("after.local");
  },
);

live("an engine that is upgraded underneath is asked in its new API's version", async (stage) => {
  const gate = gateOf(stage);
  const old = { Version: "19.03.15", ApiVersion: "1.40", MinAPIVersion: "1.12" };
  const refuseOthers = (wanted: string, call: { path: string; version: string }) =>
    call.path === "/version" || call.version === wanted
      ? "engine"
      : Response.json({ message: `client version ${call.version} is not supported` }, { status: 400 });
  gate.decide = (call) => call.path === "/version" ? Response.json(old) : refuseOthers("/v1.40", call);
  const router = await stage.router({ engine: gate.host });
  await startContainer({ env: { NAME: "stays" }, flags: ["-P", "--hostname", "stays.local"] });
  await router.answers("stays.local");

  const real = JSON.parse(await docker("version", "--format", "{{json .Server}}")) as { ApiVersion: string };
  const newest = `/v${real.ApiVersion}`;
  assert.notEqual(newest, "/v1.40");
  const endings = await askWhile(() => router.get("stays.local"), async () => {
    gate.decide = (call) => refuseOthers(newest, call);
    gate.cut();
    await router.program.waitForEntry({
      event: "engine-found",
      engine: (engine: string) => engine.endsWith(`API ${real.ApiVersion}`),
    });
    await startContainer({ flags: ["-P", "--hostname", "new.local"] });
    await router.answers("new.local");
  });
  assert.deepEqual([...new Set(endings)], [200]);
});
