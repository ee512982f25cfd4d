/** A container that forces reloads does not end what others have under way. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { runProgram } from "../harness/program.ts";
import type { Status } from "../../lib/core/status/status.ts";
import { FaultStage, type Wanted } from "./stage.ts";

/** How many reloads may follow one another at once (lib/core/policy/reload_budget.ts). */
const FREE = 20;

const STEADY = { host: "steady.local" };

/** A container that comes with other options each time, none of which HAProxy has a spare for. */
function flapping(flap: number): Wanted {
  const options = ["http-server-close", "http-no-delay", "log-health-checks"].filter((_, at) =>
    flap >> at & 1
  );
  const data = { balance_algorithm: "static-rr", check_interval: 1_000 + flap, backend_options: options };
  return { host: "flapping.local", data };
}

/** Flaps until a reload waits; answers with the container of then, and the status. */
async function flapUntilOneWaits(stage: FaultStage): Promise<{ last: Wanted; status: Status }> {
  for (let flap = 0;; flap++) {
    const { reloads } = await stage.status();
    const last = flapping(flap);
    await stage.want(STEADY, last);
    const status = await eventually(async () => {
      const status = await stage.status();
      return (status.reloads > reloads || status.spacedReload !== undefined) && status;
    }, { what: `something to come of change ${flap}` });
    if (status.spacedReload !== undefined) return { last, status };
  }
}

Deno.test("a container that flaps between options is reloaded for at once a few times, then now and then, and status names it", async () => {
  await using stage = await FaultStage.open(STEADY);
  const program = stage.start();
  await stage.answers("steady.local");
  const { last, status } = await flapUntilOneWaits(stage);
  assert.ok(status.reloads >= FREE, `${status.reloads} reloads before the first that waits`);
  assert.match(status.spacedReload?.reasons.join() ?? "", /flapping\.local/);
  // With an hour's promise, thirty more take the hour: two minutes each, less what has passed since the first of them.
  const waitMs = status.spacedReload?.waitMs ?? 0;
  assert.ok(waitMs > 2_000 && waitMs <= 120_000, `${waitMs} ms`);
  await stage.says(program, { event: "reload-waits" });
  // What needs no reload goes on.
  await stage.want(STEADY, last, { host: "new.local" });
  await stage.answers("new.local");
  // A server whose address is another one's by now is out of traffic, and then is at its own, without the reload.
  await stage.want({ host: "new.local" }, last, STEADY);
  await eventually(async () => {
    const { routes, reloads } = await stage.status();
    const at = (name: string) => routes.find(({ route }) => route === name)?.servers[0];
    const [steady, fresh] = [at("steady.local"), at("new.local")];
    assert.equal(reloads, status.reloads);
    return steady?.state === "ready" && fresh?.state === "ready" &&
      steady.address.startsWith("127.20.0.4:") &&
      fresh.address.startsWith("127.20.0.2:");
  }, { what: "both to be ready where they are now" });
  await stage.answers("steady.local");
  // An operator who does not want to wait says so.
  const { stdout } = await runProgram(["status", "--state-dir", stage.stateDir]);
  assert.match(stdout, new RegExp(`^the next reload waits .*kill -HUP ${program.pid}`, "m"));
  Deno.kill(program.pid, "SIGHUP");
  await stage.answers("flapping.local");
  await eventually(async () => (await stage.status()).spacedReload === undefined, {
    what: "no reload to wait",
  });
});

Deno.test("what waits is loaded when its time has come, which is soon where connections may last a minute", async () => {
  await using stage = await FaultStage.open(STEADY);
  stage.start(["--hard-stop-after", "60000"]);
  await stage.answers("steady.local");
  const { last, status } = await flapUntilOneWaits(stage);
  assert.ok((status.spacedReload?.waitMs ?? 0) <= 2_000);
  await stage.want(STEADY, last);
  await stage.answers("flapping.local");
  await eventually(async () => (await stage.status()).reloads > status.reloads, { what: "the reload" });
});
