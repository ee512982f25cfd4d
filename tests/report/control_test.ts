/** The control socket: for the owner of the state directory alone. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import {
  askControl,
  controlPath,
  serveControl,
  SilentSignalboxError,
} from "../../lib/report/control_socket.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { nobodysLive } from "./lives.ts";
import { statusOf } from "./statuses.ts";

async function inStateDir(act: (stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = await Deno.makeTempDir({ prefix: "signalbox-control-" });
  try {
    await act(stateDir);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
}

const handlers = {
  clock: systemClock,
  status: () => Promise.resolve(statusOf()),
  events: () => Promise.resolve([]),
  live: nobodysLive(),
  handOver: () => undefined,
  onFailure: () => undefined,
  explain: () => Promise.resolve({}),
  settings: () => ({ SIGNALBOX_BIND: "::" }),
};

Deno.test("the control socket is its owner's alone, and is gone when it is closed", async () => {
  await inStateDir(async (stateDir) => {
    const control = serveControl(stateDir, handlers);
    assert.equal(((await Deno.stat(controlPath(stateDir))).mode ?? 0) & 0o777, 0o600);
    await control.close();
    await assert.rejects(Deno.stat(controlPath(stateDir)), Deno.errors.NotFound);
  });
});

Deno.test("a socket that was left behind is replaced", async () => {
  await inStateDir(async (stateDir) => {
    const left = Deno.listen({ transport: "unix", path: controlPath(stateDir) });
    left.close();
    const control = serveControl(stateDir, handlers);
    assert.equal((await askControl(stateDir, "GET", "/status") as { pid: number }).pid, 4);
    await control.close();
  });
});

Deno.test("the status is JSON, and only it can be asked for with GET", async () => {
  await inStateDir(async (stateDir) => {
    let handOvers = 0;
    const control = serveControl(stateDir, { ...handlers, handOver: () => void handOvers++ });
    assert.deepEqual(
      await askControl(stateDir, "GET", "/status"),
      JSON.parse(JSON.stringify(statusOf())),
    );
    assert.equal(await askControl(stateDir, "GET", "/hand-over"), undefined);
    assert.equal(await askControl(stateDir, "POST", "/status"), undefined);
    assert.deepEqual(await askControl(stateDir, "GET", "/settings"), { SIGNALBOX_BIND: "::" });
    assert.equal(handOvers, 0);
    await control.close();
  });
});

Deno.test("a hand-over is answered with our pid, and done once", async () => {
  await inStateDir(async (stateDir) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let handOvers = 0;
    const control = serveControl(stateDir, {
      ...handlers,
      handOver: () => {
        handOvers++;
        resolve();
      },
    });
    assert.deepEqual(await askControl(stateDir, "POST", "/hand-over"), { pid: Deno.pid });
    await promise;
    assert.equal(handOvers, 1);
    await control.close();
  });
});

Deno.test("where no signalbox runs, nobody answers", async () => {
  await inStateDir(async (stateDir) => {
    assert.equal(await askControl(stateDir, "GET", "/status"), undefined);
    await Deno.writeTextFile(controlPath(stateDir), "not a socket");
    assert.equal(await askControl(stateDir, "GET", "/status"), undefined);
  });
});

Deno.test("who takes a question and never answers it is told from nobody, after ten seconds", async () => {
  await inStateDir(async (stateDir) => {
    for (const answer of ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"]) {
      using listener = Deno.listen({ transport: "unix", path: controlPath(stateDir) });
      const clock = new HandClock();
      const accepted = listener.accept();
      const asked = askControl(stateDir, "GET", "/status", clock);
      using connection = await accepted;
      await connection.read(new Uint8Array(1_024));
      await connection.write(new TextEncoder().encode(answer));
      clock.pass(10_000);
      clock.pass(0);
      await assert.rejects(asked, SilentSignalboxError);
      await Deno.remove(controlPath(stateDir));
    }
  });
});
