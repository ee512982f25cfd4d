/** HAProxy as signalbox finds, owns and loses it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { engineFromEnv, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually, runProgram } from "../harness/program.ts";
import { processesNaming } from "./processes.ts";
import { askWhile, live, type Router } from "./stage.ts";

const runWith = async (haproxy: string, folder: string) =>
  await runProgram([
    ...["run", "--docker-host", engineFromEnv().host, "--state-dir", join(folder, "state")],
    ...["--http-port", "8099", "--haproxy", haproxy],
  ]);

/** An error is one line, and no trace of the program's own workings. */
function assertOneError(stderr: string): void {
  const lines = stderr.trim().split("\n").filter((line) => !line.includes('"level":"info"'));
  assert.equal(lines.length, 1, stderr);
}

live("if haproxy is missing the error says so, and what to install", async ({ folder }) => {
  const { code, stderr } = await runWith(join(folder, "nowhere", "haproxy"), folder);
  assert.equal(code, 1);
  assert.match(stderr, /nowhere\/haproxy.*install HAProxy 2\.4 or later.*apt-get install haproxy/);
  assertOneError(stderr);
});

live("if haproxy is older than 2.4 the error says so, and what to install", async ({ folder }) => {
  const old = join(folder, "haproxy");
  const banner = "HA-Proxy version 2.2.9-2+deb11u6 2023/02/14 - https://haproxy.org/";
  await Deno.writeTextFile(old, `#!/bin/sh\necho "${banner}"\n`, { mode: 0o755 });
  const { code, stderr } = await runWith(old, folder);
  assert.equal(code, 1);
  assert.match(stderr, /HAProxy 2\.2\.9.*too old.*install HAProxy 2\.4 or later/);
  assertOneError(stderr);
});

/** HAProxy's processes: the master is the one that signalbox started. */
async function find(router: Router, which: "master" | "worker"): Promise<number> {
  if (which === "worker") return Number(/^Pid: (\d+)/m.exec(await router.ask("show info"))?.[1]);
  const master = (await processesNaming(router.stateDir)).find(({ parent, command }) =>
    parent === router.program.pid && command.includes("haproxy")
  );
  assert.ok(master, "signalbox has a child that is haproxy");
  return master.pid;
}

for (const which of ["worker", "master"] as const) {
  live(
    `when HAProxy's ${which} is killed, HAProxy is back, serves what it served, and the log tells`,
    async (stage) => {
      const router = await stage.router();
      await startContainer({ env: { NAME: "back" }, flags: ["-P", "--hostname", "back.local"] });
      await router.answers("back.local");
      const pid = await find(router, "worker");
      Deno.kill(await find(router, which), "SIGKILL");
      await router.program.waitForEntry({ event: "haproxy-lost" });
      if (which === "worker") {
        await router.program.waitForEntry({
          event: "haproxy-printed",
          msg: (words: string) => words.includes(`${pid}`) && words.includes("137"),
        });
      }
      assert.equal((await router.answers("back.local")).body, "back");
      assert.notEqual(await find(router, "worker"), pid);
      // It is in step, not only up: what comes now is routed, and what goes is not.
      await startContainer({ env: { NAME: "more" }, flags: ["-P", "--hostname", "more.local"] });
      await router.answers("more.local");
      // A config that is checked by a process of its own may be among them for a moment.
      await eventually(async () => {
        const all = await processesNaming(router.stateDir);
        return all.filter(({ parent, command }) =>
          parent === router.program.pid && command.includes("haproxy")
        ).length === 1;
      }, { what: "one HAProxy, and no more" });
    },
  );
}

live(
  "started as root, HAProxy's worker is an account of its own, locked into an empty folder",
  async (stage) => {
    assert.equal(Deno.uid(), 0, "an engine of the tests' own needs root");
    const router = await stage.router();
    await startContainer({ flags: ["-P", "--hostname", "locked.local"] });
    await router.answers("locked.local");
    let before = 0;
    for (let round = 0; round < 2; round++) {
      // For a moment after a reload the worker before may still answer.
      const worker = await eventually(async () => {
        const pid = await find(router, "worker");
        return pid !== before && pid;
      }, { what: "the worker to answer" });
      before = worker;
      const status = await Deno.readTextFile(`/proc/${worker}/status`);
      for (const kind of ["Uid", "Gid"]) {
        // Real, effective, saved, and of the file system (proc(5)).
        const ids = new RegExp(`^${kind}:\\s+(.*)$`, "m").exec(status)?.[1]?.split(/\s+/) ?? [];
        assert.equal(ids.length, 4);
        assert.ok(!ids.includes("0"), `${kind} ${ids}`);
      }
      assert.equal(
        await Deno.readLink(`/proc/${worker}/root`),
        await Deno.realPath(`${router.stateDir}/empty`),
      );
      assert.deepEqual([...Deno.readDirSync(`${router.stateDir}/empty`)], []);
      // A worker that a reload started is no other.
      router.program.kill("SIGHUP");
      await eventually(async () => await find(router, "worker") !== worker, { what: "another worker" });
      await router.answers("locked.local");
    }
  },
);

live("after a crash a container that is not ready still gets no request", async (stage) => {
  const router = await stage.router({ flags: ["--address", "published"] });
  await startContainer({
    image: WITNESS,
    env: { LISTEN_AFTER_MS: "600000" },
    flags: ["-P", "--hostname", "deaf.local"],
  });
  await router.answers("deaf.local", 503);
  const pid = await find(router, "worker");
  Deno.kill(pid, "SIGKILL");
  await eventually(async () => await find(router, "worker") !== pid, { what: "another worker" });
  const endings = await askWhile(() => router.get("deaf.local"), router.answers("deaf.local", 503));
  assert.deepEqual(endings.filter((ending) => ending === 502), []);
});

live(
  "--external writes the files and runs the command, which reloads an HAProxy of somebody else's",
  async (stage) => {
    const folder = join(stage.folder, "theirs");
    const [config, pidFile, log] = ["haproxy.cfg", "pid", "log"].map((name) => join(folder, name));
    assert.ok(config && pidFile && log);
    const reload = `echo reloaded >>${log}; [ ! -e ${pidFile} ] || kill -USR2 $(cat ${pidFile})`;
    await Deno.mkdir(folder);
    const router = await stage.router({
      flags: ["--external", "--config", config, "--reload-command", reload],
      isImpatient: true,
    });
    const runs = async () => (await Deno.readTextFile(log)).trim().split("\n").length;
    await eventually(runs, { what: "the command to be run once" });
    assert.ok((await Deno.stat(join(folder, "hosts.map"))).isFile);
    const theirs = new Deno.Command("haproxy", {
      args: ["-W", "-db", "-p", pidFile, "-f", config],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    stage.defer(async () => {
      theirs.kill("SIGTERM");
      await theirs.status;
    });
    await router.answers("any.example", 200, "/haproxy?monitor");
    const before = await runs();
    await startContainer({ env: { NAME: "theirs" }, flags: ["-P", "--hostname", "theirs.local"] });
    assert.equal((await router.answers("theirs.local")).body, "theirs");
    assert.ok(await runs() > before);
    assert.equal(await router.program.stop(), 0);
    assert.equal((await router.get("theirs.local")).body, "theirs", "it goes on without signalbox");
  },
);
