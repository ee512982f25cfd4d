/** The abstract address at which HAProxy's workers meet: any user may bind one, and none can know it beforehand. */
import assert from "node:assert/strict";
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

/** The names of such addresses on this machine. */
async function meetingPlaces(): Promise<ReadonlySet<string>> {
  const text = await Deno.readTextFile("/proc/net/unix");
  return new Set([...text.matchAll(/@(signalbox-[0-9a-f]+-peers)@*$/gm)].map(([, name = ""]) => name));
}

/** Holds an abstract address, in an HAProxy of its own; gone with the block. */
async function squat(program: string, stage: FaultStage, name: string): Promise<AsyncDisposable | undefined> {
  const config = `frontend squats\n  mode http\n  timeout client 1s\n  bind abns@${name}\n`;
  const path = await stage.write(`${name}.cfg`, config);
  const child = new Deno.Command(program, {
    args: ["-db", "-f", path],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = child.status.then(() => true);
  const holds = eventually(async () => (await Deno.readTextFile("/proc/net/unix")).includes(`@${name}`), {
    what: `${name} to be taken`,
  });
  if (await Promise.race([ended, holds.then(() => false)])) return undefined;
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const all = await haproxies();
for (const program of all.filter((_, at) => at === 0 || at === all.length - 1)) {
  Deno.test(`haproxy ${program.version}: who takes the addresses that it has had keeps it from nothing`, async () => {
    await using stage = await FaultStage.open({ host: "good.example" });
    const before = await meetingPlaces();
    const first = stage.start(["--haproxy", program.path]);
    await stage.answers("good.example");
    const had = [...(await meetingPlaces()).difference(before)];
    assert.ok(had.length > 0);
    await first.stop();
    const instance = (await Deno.readTextFile(`${stage.stateDir}/instance`)).trim();
    await using squatters = new AsyncDisposableStack();
    let held = 0;
    for (const name of [...had, `${instance}-peers`]) {
      const squatter = await squat(program.path, stage, name);
      if (squatter === undefined) continue;
      held++;
      squatters.use(squatter);
    }
    assert.ok(held >= 2, `${held} addresses are held`);
    const second = stage.start(["--haproxy", program.path]);
    await stage.answers("good.example");
    // The name by which workers trust each other is in no log.
    const key = (await Deno.readTextFile(`${stage.stateDir}/peers-key`)).trim();
    assert.equal([...first.lines, ...second.lines].filter((line) => line.includes(key)).length, 0);
  });
}
