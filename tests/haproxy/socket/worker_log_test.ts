/** How one worker's access log is read, with a socket that stands in for the worker. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { LogPosition } from "../../../lib/core/runtime/log_position.ts";
import { WorkerLog } from "../../../lib/haproxy/socket/worker_log.ts";

const PROMPT = "\n> ";

Deno.test("what is read while the next signalbox takes over is logged by that one alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-log-" });
  const listener = Deno.listen({ transport: "unix", path: `${folder}/haproxy.sock` });
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const serving = (async () => {
    using connection = await listener.accept();
    const buffer = new Uint8Array(1_000);
    for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
      const command = new TextDecoder().decode(buffer.subarray(0, size));
      const isRing = command.startsWith("show events");
      if (isRing) {
        asked.resolve();
        await answered.promise;
      }
      const answer = isRing ? "192.0.2.1:5 [now] /late\n" : "Pid: 7\n";
      await connection.write(new TextEncoder().encode(answer + PROMPT));
    }
  })();
  const lines: string[] = [];
  const log = new WorkerLog(
    {
      pid: 7,
      socket: `${folder}/haproxy.sock`,
      masterSocket: `${folder}/master.sock`,
      isBusy: true,
      clock: systemClock,
      chance: () => 1,
      onLines: (read) => lines.push(...read),
      onReopened: () => assert.fail("it is opened once"),
      onGap: () => assert.fail("nothing is lost"),
    },
    new LogPosition([]),
    false,
  );
  await asked.promise;
  log.end();
  answered.resolve();
  await log.ended;
  await serving;
  listener.close();
  await Deno.remove(folder, { recursive: true });
  assert.deepEqual(lines, []);
});
