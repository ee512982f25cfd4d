/** `signalbox explain` beside one that runs: with that one's settings, its containers, and what becomes of them now. */
import assert from "node:assert/strict";
import { inspected } from "../cli/world.ts";
import { FakeEngine } from "../docker/fake_engine.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { program, runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

const OTHER = 65_534;

const explain = async (stage: FaultStage, ...args: readonly string[]) => {
  const { code, stdout, stderr } = await runProgram(["explain", "--state-dir", stage.stateDir, ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
};

/** Waits until a container or a host is explained so. */
const explains = (stage: FaultStage, subject: string, wanted: RegExp) =>
  eventually(async () => {
    const text = await explain(stage, subject);
    if (!wanted.test(text)) throw new Error(text);
    return true;
  }, { what: `${subject} to be explained as ${wanted}` });

/** As a user who may not ask root's. */
async function asOther(
  ...words: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = await new Deno.Command("setpriv", {
    args: [`--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups", ...program(), ...words],
    cwd: "/",
    env: { HOME: "/nonexistent" },
  }).output();
  const [stdout = "", stderr = ""] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  return { code: output.code, stdout, stderr };
}

Deno.test("what runs is explained with its own settings, and what is given beats them", async () => {
  await using stage = await FaultStage.open({ host: "good", data: { ssl_only: true } });
  stage.start(["--default-domain", "example.com"], { HAPROXY_BALANCE_ALGORITHM: "leastconn" });
  await stage.answers("good.example.com");
  assert.match(await explain(stage), /serves good\.example\.com/);
  assert.match(await explain(stage, "--default-domain", "other.example"), /serves good\.other\.example/);
  const other = await stage.write("other.json", "[]");
  assert.match(await explain(stage, "--snapshot", other), /^no container runs$/m);
});

Deno.test("what serves gets traffic or gets none, and why, and when no signalbox runs that is said", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const closed = freePort();
  const refusing = inspected("refuses", "refuses.example");
  refusing.Config.ExposedPorts = { [`${closed}/tcp`]: {} } as never;
  refusing.NetworkSettings.Networks.bridge.IPAddress = "127.20.0.9";
  const path = `${stage.folder}/snapshot.json`;
  const [good] = JSON.parse(await Deno.readTextFile(path)) as unknown[];
  await Deno.writeTextFile(path, JSON.stringify([good, refusing]));
  const running = stage.start();
  await stage.answers("good.example");
  await stage.answers("refuses.example", 503);
  await explains(
    stage,
    "good.example",
    /^ {2}at 127\.20\.0\.2:\d+ \(its own address\), and gets traffic$/m,
  );
  // Until it was asked, nothing is known of it.
  await explains(
    stage,
    "refuses",
    /^ {2}at 127\.20\.0\.9:\d+ \(its own address\), but gets no traffic: \S+ refuses connections$/m,
  );
  const [entry] = JSON.parse(await explain(stage, "refuses", "--json")) as {
    live: Record<string, unknown>;
  }[];
  assert.equal(entry?.live["getsTraffic"], false);
  assert.match(`${entry?.live["why"]}`, /refuses connections/);
  const asked = await explain(stage, "http://good.example/x");
  assert.match(asked, /^ {4}good at 127\.20\.0\.2:\d+, gets traffic$/m);
  const held = await explain(stage, "http://refuses.example/x");
  assert.match(
    held,
    /answer: 503: no container of refuses\.example is ready\n {4}refuses at .* gets no traffic: /,
  );
  const { stdout: svg } = await runProgram(["graph", "--format", "svg", "--state-dir", stage.stateDir]);
  assert.match(svg, /class="ready"[^]*good: gets traffic|class="ready"[^]*good 127/);
  assert.match(svg, /class="held"[^]*refuses 127/);

  // A rule that the one that runs does not have.
  const other = await explain(stage, "--default-domain", "example", "--network", "bridge", "good.example");
  assert.match(other, /and gets traffic/);

  // By itself, a snapshot says the same wherever it is asked.
  assert.doesNotMatch(await explain(stage, "--snapshot", path), /traffic/);
  await running.stop();
  await using engine = await FakeEngine.start();
  engine.run("aa");
  const flags = ["--docker-host", `unix://${engine.path}`];
  const without = await explain(stage, ...flags);
  assert.match(without, /\(its own address\)$/m);
  assert.match(
    without,
    new RegExp(`^no signalbox runs with the state directory ${stage.stateDir}: nothing .* gets traffic`, "m"),
  );
  const [unserved] = JSON.parse(await explain(stage, "--json", ...flags)) as {
    live: Record<string, unknown>;
  }[];
  assert.equal(unserved?.live["getsTraffic"], false);
});

Deno.test("a container that does not run is told of as such, by its name, its id and its host", async () => {
  await using stage = await FaultStage.open();
  await using engine = await FakeEngine.start();
  engine.run("aa");
  const id = engine.run("bb");
  Object.assign(engine.containers.get(id) ?? {}, { State: { Status: "exited", Running: false } });
  for (const subject of ["cbb", id, id.slice(0, 12), "cbb.example.com"]) {
    const text = await explain(stage, "--docker-host", `unix://${engine.path}`, subject);
    assert.match(text, /^cbb \(bb0+\)\n {2}serves nothing: it is not running \(exited\)\n/, subject);
  }
  assert.doesNotMatch(await explain(stage, "--docker-host", `unix://${engine.path}`), /cbb/);
});

Deno.test({
  name: "who may not ask the signalbox that runs is told so, and what to type",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using stage = await FaultStage.open({ host: "good.example" });
    await Deno.chmod(stage.folder, 0o755);
    stage.start();
    await stage.answers("good.example");
    await using engine = await FakeEngine.start();
    await Deno.chmod(engine.folder, 0o755);
    await Deno.chmod(engine.path, 0o777);
    engine.run("aa");
    const words = ["--state-dir", stage.stateDir];
    const asked = await asOther("explain", "caa", ...words, "--docker-host", `unix://${engine.path}`);
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /^ {2}serves caa\.example\.com$/m);
    const command = `sudo signalbox explain caa --state-dir ${stage.stateDir}`;
    assert.match(asked.stdout, new RegExp(`^whether this gets traffic.* user 0's; type: ${command}$`, "m"));
    const json = await asOther("explain", "--json", ...words, "--docker-host", `unix://${engine.path}`);
    const [entry] = JSON.parse(json.stdout) as { live: Record<string, unknown> }[];
    assert.equal(entry?.live["getsTraffic"], null);
    const { code, stderr } = await asOther("status", ...words);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`; type: sudo signalbox status --state-dir ${stage.stateDir}$`, "m"));
  },
});

Deno.test({
  name: "who may not use Docker's socket is told what would let them",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using engine = await FakeEngine.start();
    await Deno.chmod(engine.folder, 0o755);
    await Deno.chmod(engine.path, 0o600);
    for (const command of ["explain", "render", "snapshot"]) {
      const { code, stderr } = await asOther(command, "--docker-host", `unix://${engine.path}`);
      assert.equal(code, 1, command);
      assert.match(stderr, /permission denied.*run as root or as a member of the group.*docker/i, command);
    }
  },
});

Deno.test("beside a signalbox that runs, containers that serve nothing are offered to the shell too", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const path = `${stage.folder}/snapshot.json`;
  const [good] = JSON.parse(await Deno.readTextFile(path)) as unknown[];
  await Deno.writeTextFile(path, JSON.stringify([good, inspected("silent", "")]));
  stage.start();
  await stage.answers("good.example");
  const { stdout } = await runProgram(["explain", "--subjects"], {
    env: { SIGNALBOX_STATE_DIR: stage.stateDir },
  });
  assert.match(stdout, /^good\.example$/m);
  assert.match(stdout, /^silent$/m);
});
