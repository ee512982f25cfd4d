/** How signalbox and its HAProxy end. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { processesNaming } from "./processes.ts";
import { live, type Router, STOP_LIMIT_MS } from "./stage.ts";

/** Waits until a container has a request that it has not answered yet. */
async function inFlight(router: Router): Promise<void> {
  await eventually(async () => {
    const rows = (await router.ask("show stat")).split("\n").map((line) => line.split(","));
    // The columns are proxy, server, queued, most queued, sessions now (management guide, 9.1).
    return rows.some(([, server = "", , , sessions]) =>
      !/^(?:BACK|FRONT)END$/.test(server) && sessions === "1"
    );
  }, { what: "a request in flight" });
}

/** What lies in a folder and below it, except for regular files that are meant to stay. */
async function traces(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    // What tells this signalbox's requests from those of others, and makes its cookies, is the same after the next start;
    // what happened is told after it too.
    if (/\/state\/(?:instance|cookie-key|peers-key|events(?:\.old)?\.jsonl)$/.test(path)) continue;
    if (entry.isDirectory) found.push(...await traces(path));
    else if (!entry.isSymlink && !/generations\/\d+\/[a-z_]+\.[a-z]+$/.test(path)) found.push(path);
    else if (/\.(?:new|tmp|bak)$/.test(path)) found.push(path);
  }
  return found;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  live(
    `${signal} ends signalbox and haproxy within 8 s, after the request in flight, and leaves nothing`,
    async (stage) => {
      const scratch = join(stage.folder, "tmp");
      await Deno.mkdir(scratch);
      const router = await stage.router({ env: { TMPDIR: scratch } });
      await startContainer({
        image: WITNESS,
        env: { NAME: "slow" },
        flags: ["-P", "--hostname", "slow.local"],
      });
      await router.answers("slow.local");
      const answer = router.get("slow.local", "/slow?ms=4000");
      await inFlight(router);
      assert.ok(
        (await processesNaming(router.stateDir)).length >= 2,
        "signalbox and haproxy name the state directory",
      );
      const code = router.program.stop(signal, STOP_LIMIT_MS);
      await eventually(() => router.get("slow.local").then(() => false, () => true), {
        what: "the listener to close for new clients",
      });
      assert.equal((await answer).body, "slow", "the request in flight is finished");
      assert.equal(await code, 0);
      assert.deepEqual(await processesNaming(router.stateDir), [], "no process is left");
      assert.deepEqual(await traces(router.stateDir), [], "no socket and no temporary file is left");
      assert.deepEqual(await traces(scratch), [], "nor in the folder for temporary files");
    },
  );
}

live(
  "SIGTERM ends signalbox within 8 s even if a request would take longer, and while it waits for a container",
  async (stage) => {
    const router = await stage.router();
    const env = { NAME: "endless" };
    await startContainer({ image: WITNESS, env, flags: ["-P", "--hostname", "endless.local"] });
    await startContainer({
      image: WITNESS,
      env: { LISTEN_AFTER_MS: "600000" },
      flags: ["-P", "--hostname", "deaf.local"],
    });
    await router.answers("endless.local");
    await router.answers("deaf.local", 503);
    const answer = router.get("endless.local", "/slow?ms=60000", { limitMs: 12_000 }).catch(() => "cut");
    await inFlight(router);
    assert.equal(await router.program.stop("SIGTERM", STOP_LIMIT_MS), 0);
    await answer;
    assert.deepEqual(await processesNaming(router.stateDir), []);
  },
);

live("SIGTERM before HAProxy serves ends signalbox as well", async (stage) => {
  const router = await stage.router({ isImpatient: true, engine: `unix://${stage.folder}/nobody.sock` });
  await router.program.waitForEntry({ event: "starting" });
  assert.equal(await router.program.stop("SIGTERM", STOP_LIMIT_MS), 0);
  assert.deepEqual(await processesNaming(router.stateDir), []);
});

live("SIGTERM at the first moment of serving ends signalbox at once", async (stage) => {
  await startContainer({ flags: ["-P", "--hostname", "brief.local"] });
  // Several times: HAProxy is deaf to signals for some milliseconds only.
  for (let at = 0; at < 6; at++) {
    const router = await stage.router();
    assert.equal(await router.program.stop("SIGTERM", STOP_LIMIT_MS - 2_000), 0, `attempt ${at}`);
  }
});
