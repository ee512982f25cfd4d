/** Who goes first on the processor: signalbox by the weight that the documented unit gives it, the load generator always. */

/** The cgroup that scripts/bench made for signalbox and its HAProxy, beside the engine's and the containers'. */
const GROUP = Deno.env.get("SIGNALBOX_BENCH_GROUP");
/** systemd's CPUWeight of a service, and of the documented unit (systemd.resource-control). */
const DEFAULT_WEIGHT = 100;
export const UNIT_WEIGHT = 1_000;

/** Whether signalbox has a weight of its own. */
export const isWeighted = GROUP !== undefined;

/** A command that runs in the cgroup of signalbox, if it has one; the pid stays the same. */
export function inOwnGroup(command: readonly string[]): readonly string[] {
  if (GROUP === undefined) return command;
  return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', GROUP, ...command];
}

/** Gives signalbox the weight that the documented unit has, or the one that each service has unless told otherwise. */
export async function weigh(weight: typeof DEFAULT_WEIGHT | typeof UNIT_WEIGHT): Promise<void> {
  if (GROUP === undefined) return;
  // The older kind of cgroups counts in shares, 1024 of which are a weight of 100.
  const isNewer = await Deno.stat(`${GROUP}/cpu.weight`).then(() => true, () => false);
  if (isNewer) return await Deno.writeTextFile(`${GROUP}/cpu.weight`, `${weight}`);
  await Deno.writeTextFile(`${GROUP}/cpu.shares`, `${Math.round(weight / DEFAULT_WEIGHT * 1_024)}`);
}

/** Does something while signalbox has no more weight than any other service. */
export async function atDefaultWeight<T>(work: () => Promise<T>): Promise<T> {
  await weigh(DEFAULT_WEIGHT);
  try {
    return await work();
  } finally {
    await weigh(UNIT_WEIGHT);
  }
}

/**
 * A command that gets the processor whenever it wants it, where the kernel allows that. Clients are on machines of their
 * own: were the load generator kept waiting by what it measures, its own delay would count as latency.
 */
export function inRealTime(command: readonly string[]): readonly string[] {
  const realTime = ["--fifo", "1"];
  const probe = new Deno.Command("chrt", { args: [...realTime, "true"], stdout: "null", stderr: "null" });
  try {
    return probe.outputSync().success ? ["chrt", ...realTime, ...command] : command;
  } catch {
    return command;
  }
}
