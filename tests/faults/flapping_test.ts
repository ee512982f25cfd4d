/** A container that forces reloads does not end what others have under way. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

/** How many reloads may follow one another at once (lib/core/policy/reload_budget.ts). */
const FREE = 20;

Deno.test("a container that flaps between options is reloaded for at once a few times, then now and then, and status names it", async () => {
  const steady = { host: "steady.local" };
  await using stage = await FaultStage.open(steady);
  stage.start();
  await stage.answers("steady.local");
  for (let flap = 0;; flap++) {
    const { reloads } = await stage.status();
    // Each other shape is one that HAProxy has no spare of.
    const options = [`http-server-close`, `http-no-delay`, `log-health-checks`].filter((_, at) =>
      flap >> at & 1
    );
    const data = { balance_algorithm: "static-rr", check_interval: 1_000 + flap, backend_options: options };
    await stage.want(steady, { host: "flapping.local", data });
    const status = await eventually(async () => {
      const status = await stage.status();
      return (status.reloads > reloads || status.spacedReload !== undefined) && status;
    }, { what: `something to come of change ${flap}` });
    if (status.spacedReload === undefined) continue;
    assert.ok(status.reloads >= FREE, `${status.reloads} reloads before the first that waits`);
    assert.match(status.spacedReload.join(), /flapping\.local/);
    break;
  }
  // What needs no reload goes on, and what waits comes within ten seconds.
  await stage.want(steady, { host: "new.local" });
  await stage.answers("new.local");
});
