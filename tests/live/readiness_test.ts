/** A published port accepts before anything listens behind it: Docker's proxy does. */
import assert from "node:assert/strict";
import { docker, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { askWhile, live, tally } from "./stage.ts";

for (const how of ["run", "start"] as const) {
  live(
    `no request hangs or gets 502 while a container with a published port does not listen yet, after docker ${how}`,
    async (stage) => {
      const router = await stage.router({ flags: ["--address", "published"] });
      const late = { NAME: "late", LISTEN_AFTER_MS: "2000" };
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
      const endings = await askWhile(() => router.get("late.local", "/", { limitMs: 1_000 }), async () => {
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
    () => router.get("joined.local", "/", { method: "POST", limitMs: 1_000 }),
    async () => {
      const env = { NAME: "new", LISTEN_AFTER_MS: "1500" };
      await startContainer({ image: WITNESS, env, flags: ["-P", "--hostname", "joined.local"] });
      await eventually(async () => (await router.get("joined.local")).body === "new", {
        what: "the new one's turn",
      });
    },
  );
  // The tiny server does not know POST and says so; the witness does.
  assert.deepEqual(endings.filter((ending) => ending !== 200 && ending !== 501), []);
});
