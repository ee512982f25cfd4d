/** An HAProxy that serves, while nobody can speak to it any more: it is started anew, and not left as it is for ever. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventLine } from "../harness/events.ts";
import { FaultStage } from "./stage.ts";

/** Whether anybody listens on the stage's port. */
const isServed = (stage: FaultStage): Promise<boolean> =>
  stage.get("good.example").then(() => true, () => false);

Deno.test("a state directory that was removed is made again, and new hosts are served", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const program = stage.start();
  await stage.answers("good.example");
  // It answers a moment before it is known to have taken its config up.
  await stage.says(program, eventLine("reloaded"));
  await removeStateDir(stage);
  assert.equal((await stage.get("good.example")).status, 200);
  await stage.want({ host: "good.example" }, { host: "new.example" });
  await stage.answers("new.example", 200, 60_000);
  await stage.answers("good.example");
  await program.stop();
  await eventually(async () => !await isServed(stage), { what: "HAProxy to be ended" });
});

Deno.test("the same with an HAProxy that was taken over, which does not stay behind", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const first = stage.start();
  await stage.answers("good.example");
  await first.stop("SIGKILL");
  const second = stage.start();
  await stage.says(second, eventLine("adopted"));
  // A start that loses its state directory meanwhile ends.
  await eventually(async () => (await stage.status()).hasConfig, { what: "the start to be done" });
  await removeStateDir(stage);
  await stage.want({ host: "good.example" }, { host: "new.example" });
  await stage.answers("new.example", 200, 60_000);
  await second.stop();
  await eventually(async () => !await isServed(stage), { what: "HAProxy to be ended" });
});

Deno.test("a socket whose name somebody else has taken, and left, is made anew with HAProxy", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const program = stage.start();
  await stage.answers("good.example");
  // It answers a moment before it is known to have taken its config up.
  await stage.says(program, eventLine("reloaded"));
  const socket = `${stage.stateDir}/haproxy.sock`;
  // A worker that binds the name and fails leaves it like this: a file where nobody listens.
  const listener = Deno.listen({ transport: "unix", path: `${socket}.new` });
  await Deno.rename(`${socket}.new`, socket);
  listener.close();
  await assert.rejects(Deno.connect({ transport: "unix", path: socket }), Deno.errors.ConnectionRefused);
  await stage.want({ host: "good.example" }, { host: "new.example" });
  await stage.answers("new.example", 200, 60_000);
  await stage.says(program, eventLine("haproxy-cut-off"));
  await eventually(async () => (await stage.status()).haproxy.isServing, { what: "status to know it" });
});

/** signalbox may be writing into it meanwhile. */
async function removeStateDir({ stateDir }: FaultStage): Promise<void> {
  await eventually(() => Deno.remove(stateDir, { recursive: true }).then(() => true), {
    what: "the state directory to be removed",
  });
}
