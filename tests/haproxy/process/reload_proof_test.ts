/** A worker that is slow to start is waited for: a master that is busy has refused nothing. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { HaproxyOutput } from "../../../lib/haproxy/process/output.ts";
import { askReload, proveLoaded, type ReloadAnswer } from "../../../lib/haproxy/process/reload_proof.ts";
import { want } from "../../changes/situation.ts";
import { eventually } from "../../harness/eventually.ts";
import { Witness } from "../../harness/events.ts";
import { SteppingClock } from "../../harness/stepping_clock.ts";
import { called, onStage, programs } from "../stage.ts";

const BUSY = "Success=0\n--\nAnother reload is still in progress.\n\n";

/** A socket that answers each connection's line, and keeps what it was asked. */
async function answering(answer: (asked: number, line: string) => string) {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-proof-" });
  const path = `${folder}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  const asked: string[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(100);
      const size = await connection.read(buffer) ?? 0;
      const line = new TextDecoder().decode(buffer.subarray(0, size)).trim();
      asked.push(line);
      await connection.write(new TextEncoder().encode(answer(asked.length, line)));
      connection.close();
    }
  })();
  return {
    path,
    asked,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const PROCESSES = (current: number) =>
  `#<PID> <type> <reloads> <uptime> <version>
5 master 2 0d00h00m09s 2.6.12
# workers
${current} worker 0 0d00h00m00s 2.6.12
# old workers
6 worker 1 0d00h00m09s 2.6.12
# programs
`;

/**
 * What is proven of a worker that says who it is once `isThere`, and how often the master was told to reload, whose last
 * worker is another one where that is said.
 */
async function prove(
  reload: ReloadAnswer | undefined,
  masterSays: readonly string[],
  isThere: (askedWorker: number, reloads: number) => boolean,
  last: { readonly pid: number; readonly isThere: (shown: number) => boolean } = {
    pid: 7,
    isThere: () => true,
  },
) {
  let [reloads, shown] = [0, 0];
  await using master = await answering((_, line) => {
    if (line !== "reload") return shown++, PROCESSES(last.pid);
    return masterSays[reloads++] ?? BUSY;
  });
  await using worker = await answering((asked) => {
    const pid = shown > 0 && last.isThere(shown) ? last.pid : 7;
    return isThere(asked, reloads) ? `Pid: ${pid}\nVersion: 3.4.7\ndescription: signalbox-1\n` : "Pid: 6\n";
  });
  const proven = await proveLoaded("signalbox-1", {
    socket: worker.path,
    masterSocket: master.path,
    clock: new SteppingClock(),
    output: new HaproxyOutput(new Witness()),
    reload,
    before: undefined,
    isAlive: () => true,
  }, new AbortController().signal);
  return { pid: proven?.pid, reloads };
}

Deno.test("an HAProxy that was started is waited for, and never told to reload, however long it prints nothing", async () => {
  // Two seconds of the clock.
  assert.deepEqual(await prove(undefined, [], (asked) => asked > 1_000), { pid: 7, reloads: 0 });
});

Deno.test("a master that is busy with an earlier reload is told again until it takes this one", async () => {
  for (const first of ["busy", "taken"] as const) {
    const proven = await prove(first, [BUSY, "Success=1\n"], (_, reloads) => reloads === 2);
    assert.deepEqual(proven, { pid: 7, reloads: 2 }, first);
  }
});

Deno.test("a master that refuses when it is told again ends the proof", async () => {
  const proven = await prove("taken", ["Success=0\n--\nbad config\n"], () => false);
  assert.deepEqual(proven, { pid: undefined, reloads: 1 });
});

Deno.test("where a master was told twice and loads twice, the worker of the last time is the one that serves", async () => {
  const last = { pid: 8, isThere: (shown: number) => shown > 3 };
  const proven = await prove("taken", ["Success=1\n"], (_, reloads) => reloads === 1, last);
  assert.deepEqual(proven, { pid: 8, reloads: 1 });
});

for (const program of programs) {
  Deno.test(`${called(program)} that is told to reload while it starts refuses nothing, and serves`, () =>
    onStage(program, {}, async (stage) => {
      const applied = stage.apply(want(stage.routing, "[]", {}));
      const path = `${stage.stateDir}/master.sock`;
      await eventually(async () => {
        (await Deno.connect({ transport: "unix", path })).close();
        return true;
      }, { what: "the master's socket", everyMs: 1 });
      assert.notEqual(await askReload(path, systemClock), "refused");
      assert.equal((await applied).outcome.kind, "applied");
    }));
}
