/** An engine whose daemon crashes: it ends its containers and starts them anew before anybody can ask who is where. */
import assert from "node:assert/strict";
import { TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { type OwnEngine, ownEngine } from "./own_engine.ts";
import { live } from "./stage.ts";

const COUNT = 8;
/** Containers start in another order after most crashes, and not after each: the first that moves one is enough. */
const MOST_CRASHES = 4;

live("after a crash of the engine no request reaches a container of another host", async (stage) => {
  const engine = await ownEngine(stage);
  await engine.docker("network", "create", "--subnet", "10.231.7.0/24", "crash");
  const hosts = Array.from({ length: COUNT }, (_, at) => `c${at}.local`);
  for (const host of hosts) {
    const flags = ["--network", "crash", "--hostname", host, "--env", `NAME=${host}`, "--restart", "always"];
    await engine.docker("run", "-d", "--name", host, ...flags, TINY);
  }
  const router = await stage.router({ engine: engine.host });
  const allAnswer = () => Promise.all(hosts.map((host) => router.answers(host)));
  await allAnswer();
  const wrong: string[] = [];
  let isOver = false;
  const asking = hosts.map(async (host) => {
    let right = 0;
    while (!isOver) {
      const answer = await router.get(host).catch(() => undefined);
      if (answer?.status !== 200) await pause();
      else if (answer.body === host) right++;
      else wrong.push(`${host} was answered by ${answer.body}`);
    }
    return right;
  });
  let moved = 0;
  for (let crashes = 0; moved === 0 && crashes < MOST_CRASHES; crashes++) {
    const before = await addresses(engine);
    await engine.crash();
    await engine.start();
    await eventually(async () => (await addresses(engine)).size === COUNT, { what: "all containers to run" });
    await allAnswer();
    const after = await addresses(engine);
    moved += [...after].filter(([address, name]) => (before.get(address) ?? name) !== name).length;
  }
  isOver = true;
  for (const right of await Promise.all(asking)) assert.ok(right > 0);
  assert.deepEqual(wrong, []);
  assert.ok(moved > 0, "no container ever got the address of another, so that nothing is proven");
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

/** Who has which address. */
async function addresses(engine: OwnEngine): Promise<Map<string, string>> {
  const ids = (await engine.docker("ps", "-q")).split("\n").filter((id) => id !== "");
  if (ids.length === 0) return new Map();
  const format = "{{.NetworkSettings.Networks.crash.IPAddress}} {{.Name}}";
  const lines = (await engine.docker("inspect", "-f", format, ...ids)).split("\n");
  return new Map(lines.map((line) => line.split(" ") as [string, string]));
}
