/** The HAProxy master is started again when it ends by itself: later each time, and never once it is to end. */
import assert from "node:assert/strict";
import { HaproxyOutput } from "../../../lib/haproxy/process/output.ts";
import { Restarts } from "../../../lib/haproxy/process/restarts.ts";
import { Supervisor } from "../../../lib/haproxy/process/supervisor.ts";
import { eventually } from "../../harness/eventually.ts";
import { Witness } from "../../harness/events.ts";
import { HandClock } from "../../harness/hand_clock.ts";

/** A clock that notes how long each sleep is to last. */
class NotingClock extends HandClock {
  readonly sleeps: number[] = [];

  override sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(milliseconds);
    return super.sleep(milliseconds, signal);
  }
}

const GENERATION = { number: 1, folder: "/nowhere/generations/1" };

/** A supervisor of a program that ends as soon as it is started. */
function supervise(clock: HandClock, report: Witness): { supervisor: Supervisor; restarts: () => number } {
  let restarts = 0;
  const supervisor = new Supervisor({
    program: { path: "/bin/false", version: [3, 0], text: "3.0" },
    socket: "/nowhere/haproxy.sock",
    masterSocket: "/nowhere/master.sock",
    folder: "/nowhere/current",
    findCurrent: () => GENERATION,
    isLoading: () => false,
    onEnded: () => undefined,
    onRestarting: () => restarts++,
    output: new HaproxyOutput(report),
    clock,
    chance: () => 0,
    report,
  });
  return { supervisor, restarts: () => restarts };
}

Deno.test("an HAProxy that ends at each start is started ever more rarely, and each end is told", async () => {
  const [clock, report] = [new NotingClock(), new Witness()];
  const { supervisor, restarts } = supervise(clock, report);
  supervisor.start();
  for (const failures of [1, 2, 3, 4]) {
    await eventually(() => supervisor.failures === failures, { what: `end ${failures}` });
    assert.equal(supervisor.state, "waiting");
    clock.pass(clock.sleeps.at(-1) ?? 0);
    await eventually(() => restarts() === failures, { what: `start ${failures}` });
  }
  await eventually(() => supervisor.failures === 5, { what: "the last end" });
  // What it waits for the last words of each is shorter.
  assert.deepEqual(clock.sleeps.filter((ms) => ms >= 50), [50, 100, 200, 400, 800]);
  assert.equal(report.of("haproxy-lost").length, 5);
  await supervisor.end(1_000);
});

Deno.test("an HAProxy that is to end, or is left to another signalbox, is not started again", async () => {
  for (const act of ["end", "leave"] as const) {
    const [clock, report] = [new NotingClock(), new Witness()];
    const { supervisor, restarts } = supervise(clock, report);
    supervisor.start();
    await eventually(() => supervisor.failures === 1, { what: "the end" });
    if (act === "end") await supervisor.end(1_000);
    else supervisor.leave();
    clock.pass(60_000);
    supervisor.noteServing();
    assert.deepEqual([restarts(), report.of("haproxy-started").length], [0, 1], act);
  }
});

Deno.test("chance brings a start forward by a quarter at most, and ten seconds of service begin anew", async () => {
  const clock = new NotingClock();
  const restarts = new Restarts(clock, () => 1);
  const fail = async () => {
    restarts.noteExit();
    const waiting = restarts.wait(new AbortController().signal);
    clock.pass(clock.sleeps.at(-1) ?? 0);
    assert.ok(await waiting);
  };
  for (let count = 0; count < 10; count++) await fail();
  assert.deepEqual(clock.sleeps, [38, 75, 150, 300, 600, 1_200, 2_400, 4_800, 7_500, 7_500]);
  restarts.noteServing();
  clock.pass(10_000);
  await fail();
  assert.equal(clock.sleeps.at(-1), 7_500);
  restarts.noteServing();
  clock.pass(10_001);
  await fail();
  assert.deepEqual([clock.sleeps.at(-1), restarts.failures], [38, 1]);
});
