/** signalbox is killed, and another one takes over: HAProxy goes on, and not a request fails. */
import assert from "node:assert/strict";
import { startLoad } from "../bench/load_process.ts";
import type { LoadResult } from "../bench/load.ts";
import { startContainer } from "../harness/engine.ts";
import { eventsOf } from "../harness/events.ts";
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/program.ts";
import { processesNaming } from "./processes.ts";
import { live, type Router, type Stage } from "./stage.ts";

const HOST = "steady.local";

/** Containers of the tests answer with their name, by which the load knows them. */
const serve = (number: number, host = HOST) =>
  startContainer({ env: { NAME: `${host}#${number}` }, flags: ["-P", "--hostname", host] });

/** The pid of HAProxy's master, and how many masters there are for this state directory. */
async function masters(router: Router): Promise<number[]> {
  const ours = (await processesNaming(router.stateDir)).filter(({ command }) =>
    /haproxy\b.* -W /.test(command)
  );
  const pids = new Set(ours.map(({ pid }) => pid));
  return ours.filter(({ parent }) => !pids.has(parent)).map(({ pid }) => pid);
}

/** New and kept connections, while something happens. */
async function underLoad(stage: Stage, port: number, act: () => Promise<void>): Promise<LoadResult[]> {
  const order = { port, perSecond: 80, hosts: [HOST], postEvery: 0 };
  const loads = [startLoad({ ...order, isKept: false }), startLoad({ ...order, isKept: true })];
  let ending: Promise<LoadResult[]> | undefined;
  const end = () => ending ??= Promise.all(loads.map((load) => load.end()));
  stage.defer(end);
  await act();
  return await end();
}

function assertNoneFailed(results: readonly LoadResult[]): void {
  for (const { samples, failures } of results) {
    assert.ok(samples.length > 40, `${samples.length} requests were sent`);
    assert.deepEqual(failures.slice(0, 5), []);
  }
}

/** What it found was what it wants, but for what is a matter of commands. */
function assertNoReload({ program }: Router): void {
  assert.deepEqual(eventsOf(program.lines, "reloaded"), []);
}

/** Starts another signalbox on the state directory and the ports of the first. */
const another = (stage: Stage, first: Router) =>
  stage.router({ flags: [...first.flags, "--state-dir", first.stateDir], isImpatient: true });

for (const { version, path } of await haproxies()) {
  live(
    `signalbox is killed under load: no request fails, and a new one takes over the same HAProxy, version ${version}`,
    async (stage) => {
      const first = await stage.router({ flags: ["--haproxy", path] });
      for (const number of [1, 2]) await serve(number);
      await first.answers(HOST);
      const [master] = await masters(first);
      assert.ok(master);
      const results = await underLoad(stage, first.port, async () => {
        first.program.kill("SIGKILL");
        await first.program.exited;
        // HAProxy serves alone, and what starts now is for the next signalbox.
        await serve(3, "meanwhile.local");
        const second = await another(stage, first);
        await second.program.waitForEntry({ event: "read-back" });
        await first.answers("meanwhile.local");
        await serve(4, "later.local");
        await first.answers("later.local");
        await eventually(async () => (await masters(first)).length === 1, { what: "one haproxy" });
        assert.deepEqual(await masters(first), [master]);
        assertNoReload(second);
        // The adopted HAProxy is ended by the one that adopted it.
        stage.defer(async () => {
          assert.equal(await second.program.stop(), 0);
          assert.deepEqual(await masters(first), []);
        });
      });
      assertNoneFailed(results);
    },
  );
}

live(
  "a second run on the state directory takes over under load: no request fails, and the first ends with 0",
  async (stage) => {
    const first = await stage.router();
    for (const number of [1, 2]) await serve(number);
    await first.answers(HOST);
    const [master] = await masters(first);
    const results = await underLoad(stage, first.port, async () => {
      let before = first;
      // Several times, as of upgrades one after the other.
      for (const round of [1, 2, 3]) {
        const next = await another(stage, first);
        assert.equal(await before.program.exited, 0);
        await before.program.waitForEntry({ event: "handed-over" });
        await next.program.waitForEntry({ event: "read-back" });
        await serve(round, `round${round}.local`);
        await first.answers(`round${round}.local`);
        assertNoReload(next);
        before = next;
      }
      assert.deepEqual(await masters(first), [master], "one HAProxy, the same");
    });
    assertNoneFailed(results);
  },
);
