/** What systemd is told over time: signs of life while the loop goes round, and the status when it is another one. */
import assert from "node:assert/strict";
import { serviceMessage, serviceStatus } from "../../lib/core/status/service_words.ts";
import { ServiceManager } from "../../lib/report/service_manager.ts";
import { container } from "../core/containers.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { NotifySocket } from "../harness/notify_socket.ts";
import { loopStateOf } from "./loop_states.ts";

const state = loopStateOf([container("web")]);

Deno.test("a loop that is stuck shows no sign of life, and one that goes round shows two in each time", async () => {
  const folder = await Deno.makeTempDir();
  using socket = new NotifySocket(`${folder}/notify`);
  const clock = new HandClock();
  const manager = new ServiceManager({
    given: { socket: socket.path, watchdogMs: 60_000, watchedPid: undefined },
    folder,
    clock,
    onFailure: (error) => assert.fail(String(error)),
  });
  const lives = () => socket.messages.filter(({ WATCHDOG }) => WATCHDOG !== undefined).length;
  clock.pass(30_000);
  await socket.hears("a sign of life", () => lives() === 1);
  await manager.passed(state, false, () => Promise.resolve(true));
  await socket.hears("READY", ({ READY }) => READY === "1");
  clock.pass(30_000);
  await socket.hears("the next one", () => lives() === 2);
  clock.pass(300_000);
  clock.pass(30_000);
  await manager.passed(state, false, () => Promise.resolve(true));
  clock.pass(30_000);
  await socket.hears("one after the pass", () => lives() === 3);
  // Of another process's watchdog we know nothing.
  const stranger = new ServiceManager({
    given: { socket: socket.path, watchdogMs: 60_000, watchedPid: 1 },
    folder,
    clock,
    onFailure: (error) => assert.fail(String(error)),
  });
  clock.pass(30_000);
  await stranger.takePlace(1);
  await socket.hears(
    "the main process",
    ({ MAINPID }) => MAINPID === `${Deno.pid}`,
    socket.messages.length - 1,
  );
  assert.equal(lives(), 4, "of the first one alone");
  await Promise.all([manager.leave(false), stranger.leave(true)]);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["notify"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a message has a line for each variable, whatever a container is called", () => {
  const trouble = "x\nREADY=1\u202e" + "y".repeat(300);
  const text = serviceMessage({ STATUS: serviceStatus({ ...state, trouble }), READY: 1 });
  const [status = "", ...others] = text.split("\n");
  assert.deepEqual(others, ["READY=1"]);
  assert.match(status, /^STATUS=not in step: x\\u000aREADY=1\\u202ey+…$/);
});
