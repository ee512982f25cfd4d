/** The abstract address at which HAProxy's workers meet: any user may bind one, and none can know it beforehand. */
import assert from "node:assert/strict";
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

/** The names of such addresses that an HAProxy has, by its master's pid: other tests have theirs. */
async function meetingPlaces(master: number): Promise<ReadonlySet<string>> {
  const children = await Deno.readTextFile(`/proc/${master}/task/${master}/children`);
  const sockets = new Set<string>();
  for (const pid of [`${master}`, ...children.trim().split(" ").filter((pid) => pid !== "")]) {
    for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
      sockets.add(await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => ""));
    }
  }
  const text = await Deno.readTextFile("/proc/net/unix");
  const places = [...text.matchAll(/ (\d+) @(signalbox-[0-9a-f]+-peers)@*$/gm)];
  return new Set(
    places.filter(([, inode]) => sockets.has(`socket:[${inode}]`)).map(([, , name = ""]) => name),
  );
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
    const first = stage.start(["--haproxy", program.path]);
    await stage.answers("good.example");
    const had = [...await meetingPlaces((await stage.status()).haproxy.pid ?? 0)];
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
