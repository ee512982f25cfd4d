/** A published port accepts before anything listens behind it: Docker's proxy does. */
import assert from "node:assert/strict";
import { createContainer, docker, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { askWhile, live, tally } from "./stage.ts";

for (const how of ["run", "start"] as const) {
  live(
    `no request hangs or gets 502 while a container with a published port does not listen yet, after docker ${how}`,
    async (stage) => {
      const router = await stage.router({ flags: ["--address", "published"] });
      // Longer than a request may take: one that hangs until then is seen.
      const late = { NAME: "late", LISTEN_AFTER_MS: "5000" };
      const starting = startContainer({
        image: WITNESS,
        env: late,
        flags: ["-P", "--hostname", "late.local"],
      });
      if (how === "start") {
        const id = await starting;
        await router.answers("late.local");
        await docker("stop", id);
        await router.answers("late.local", 404);
        await docker("start", id);
      }
      const endings = await askWhile(() => router.get("late.local", "/", { limitMs: 4_000 }), async () => {
        await starting;
        await router.answers("late.local");
      });
      // Before Docker tells of it its host is unknown; then it is known and not ready; from the first answer on all is well.
      const course = endings.filter((ending, at) => ending !== endings[at - 1]);
      assert.ok(/^(404,)?503(,200)?$/.test(course.join()), `the course of things was ${course}`);
      assert.deepEqual(await tally(20, () => router.get("late.local")), { late: 20 });
    },
  );
}

live("a container that joins others before it listens takes no request from them", async (stage) => {
  const router = await stage.router({ flags: ["--address", "published"] });
  await startContainer({ env: { NAME: "old" }, flags: ["-P", "--hostname", "joined.local"] });
  await router.answers("joined.local");
  const endings = await askWhile(
    () => router.get("joined.local", "/", { method: "POST", limitMs: 4_000 }),
    async () => {
      const env = { NAME: "new", LISTEN_AFTER_MS: "5000" };
      await startContainer({ image: WITNESS, env, flags: ["-P", "--hostname", "joined.local"] });
      await eventually(async () => (await router.get("joined.local")).body === "new", {
        what: "the new one's turn",
      });
    },
  );
  // The tiny server does not know POST and says so; the witness does.
  assert.deepEqual(endings.filter((ending) => ending !== 200 && ending !== 501), []);
});

live(
  "a server is added while Docker still starts its container, and taken back when the start fails",
  async (stage) => {
    const router = await stage.router({ flags: ["--log-level", "debug"] });
    const { program } = router;
    const said = (after: number, pattern: RegExp) =>
      program.lines.findIndex((line, at) => at >= after && pattern.test(line));
    await startContainer({ env: { NAME: "one" }, flags: ["--hostname", "ahead.local"] });
    await router.answers("ahead.local");
    // Its inspect must have come before the engine begins to keep inspects waiting.
    const create = async (...flags: readonly string[]) => {
      const id = await createContainer({
        env: { NAME: "two" },
        flags: ["--hostname", "ahead.local", ...flags],
      });
      await program.waitForEntry({ action: "create", container: id.slice(0, 12) });
      await docker("inspect", id);
      return id;
    };
    // Where the engine is quick and signalbox is not, it is ahead another time.
    await eventually(async () => {
      const before = program.lines.length;
      const id = await create();
      await docker("start", id);
      await eventually(async () => (await router.get("ahead.local")).body === "two", {
        what: "the new one's turn",
      });
      const added = said(before, /"operations":"add-server 1"/);
      const started = said(before, /"action":"start"/);
      if (added >= before && added < started) return said(started, /"operations":"set-state 1"/) > started;
      await docker("rm", "-f", id);
      await eventually(async () => (await tally(4, () => router.get("ahead.local")))["one"] === 4, {
        what: "the new one to be gone",
      });
      throw new Error(`added at line ${added}, started at ${started}`);
    }, { what: "a server to be added ahead" });

    const bad = await create("--entrypoint", "/no-such-program");
    const atBad = program.lines.length;
    await assert.rejects(docker("start", bad));
    await eventually(() => said(atBad, /"operations":"add-server 1/) > 0, {
      what: "its server to be added",
    });
    await eventually(() => said(atBad, /"operations":"delete-server 1/) > 0, {
      what: "its server to be gone",
    });
    assert.deepEqual(await tally(20, () => router.get("ahead.local")), { one: 10, two: 10 });
  },
);
