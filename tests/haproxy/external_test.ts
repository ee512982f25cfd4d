/** The command that reloads an HAProxy of somebody else's: however it behaves, signalbox goes on. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { ExternalHaproxy } from "../../lib/haproxy/external_haproxy.ts";
import { openRouting, want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";

/** Loads an empty routing with a command that knows the folder as $1. */
async function load(command: (folder: string) => string, signal = new AbortController().signal) {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-external-" });
  const { desired } = want(await openRouting({}), "[]", {});
  const settings = {
    program: undefined,
    config: `${folder}/haproxy.cfg`,
    reloadCommand: command(folder),
    env: {},
  };
  const outcome = new ExternalHaproxy(settings, systemClock, new Witness()).load(desired, new Map(), signal);
  return { folder, outcome, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("a command that hangs ends with signalbox, and so does what it has started", async () => {
  const stopping = new AbortController();
  await using loading = await load((folder) => `sleep 600 & echo $! >${folder}/pid; wait`, stopping.signal);
  const pid = await eventually(
    async () => Number(await Deno.readTextFile(`${loading.folder}/pid`).catch(() => "")) || undefined,
    { what: "the command's own process" },
  );
  stopping.abort();
  assert.equal((await loading.outcome).kind, "rejected");
  await eventually(() => !isThere(pid), { what: "the command's own process to end" });
});

Deno.test("a command that is begun while signalbox ends, ends too", async () => {
  await using loading = await load(() => "sleep 600; true", AbortSignal.abort());
  assert.equal((await loading.outcome).kind, "rejected");
});

Deno.test("a command that leaves a process with its pipe is done all the same", async () => {
  await using loading = await load((folder) => `sleep 600 & echo $! >${folder}/pid; echo no >&2; exit 3`);
  const outcome = await loading.outcome;
  Deno.kill(Number(await Deno.readTextFile(`${loading.folder}/pid`)), "SIGKILL");
  assert.match(outcome.kind === "rejected" ? outcome.detail : "", /ended with 3: no$/);
});

Deno.test("a command that fails without a word is told of by its code", async () => {
  await using loading = await load(() => "exit 3");
  assert.deepEqual(await loading.outcome, {
    kind: "rejected",
    stage: "load",
    detail: '"exit 3" ended with 3',
  });
});

/** Whether a process runs; one that has ended and that nobody has collected does not. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
