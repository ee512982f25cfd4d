/** Kills HAProxy for real, which signalbox starts again from the files. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { askMaster, askWorker } from "../../lib/haproxy/socket/worker.ts";
import { eventually } from "../harness/eventually.ts";
import type { Stage } from "./stage.ts";

/** Who can be killed. */
export const VICTIMS = {
  worker: async (stage: Stage) => (await askWorker(stage.haproxy.socket, systemClock))?.pid,
  master: async (stage: Stage) => (await askMaster(`${stage.stateDir}/master.sock`, systemClock))?.masterPid,
};

/** Kills a process of the stage's, and comes back when another worker serves and the loop was told, once. */
export async function kill(
  stage: Stage,
  findPid: (stage: Stage) => Promise<number | undefined> = VICTIMS.worker,
): Promise<void> {
  const restarts = stage.restarts();
  // The master may answer a moment later than its worker.
  const pid = await eventually(() => findPid(stage), { what: "the one to be killed" });
  const old = await eventually(() => VICTIMS.worker(stage), { what: "the worker to answer" });
  assert.notEqual(pid, Deno.pid);
  Deno.kill(pid, "SIGKILL");
  await eventually(() => stage.restarts() > restarts, { what: "HAProxy to be started again" });
  assert.deepEqual(stage.events.slice(restarts), ["restarted"]);
  assert.notEqual(await VICTIMS.worker(stage), old);
  await eventually(() => !isAlive(old), { what: "the old worker to be gone" });
}

/** Whether a process is there and more than a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
