/** Containers that were told to stop: before somebody listened, and for longer than a minute. */
import assert from "node:assert/strict";
import { HandClock } from "../../harness/hand_clock.ts";
import { StoppingContainers } from "../../../lib/docker/follow/stopping_containers.ts";
import { container as view } from "../../core/containers.ts";
import { engineNow, FakeEngine, impatientClock, patientClock } from "../fake_engine.ts";
import { Watch } from "../watch.ts";

const STARTED_MS = engineNow() - 300_000;

/** Runs a container since then. */
function run(fake: FakeEngine, digits: string, config: Record<string, unknown> = {}): string {
  const id = fake.run(digits, config);
  const StartedAt = new Date(STARTED_MS).toISOString();
  Object.assign(fake.containers.get(id) ?? {}, { State: { Status: "running", Running: true, StartedAt } });
  return id;
}

/** A `kill` event as the engine remembers it, so many milliseconds after the containers' start. */
const kill = (id: string, signal: string, afterMs: number) =>
  `${
    JSON.stringify({
      Type: "container",
      Action: "kill",
      Actor: { ID: id, Attributes: { signal } },
      timeNano: (STARTED_MS + afterMs) * 1e6,
    })
  }\n`;

Deno.test("a container that was told to stop before anybody listened is stopping", async () => {
  await using fake = await FakeEngine.start();
  const told = run(fake, "a1");
  const reopened = run(fake, "b2");
  const restarted = run(fake, "c3");
  const survivor = run(fake, "d4");
  const patient = run(fake, "e5", { StopTimeout: 300 });
  const endless = run(fake, "f6", { StopTimeout: -1 });
  fake.past = [
    kill(told, "15", 290_000),
    kill(reopened, "1", 290_000),
    kill(restarted, "15", -5_000),
    kill(survivor, "15", 100_000),
    kill(patient, "15", 100_000),
    kill(endless, "15", 1_000),
  ].join("");
  // The engine is given time to tell of the past.
  await using watch = new Watch(fake, true, undefined, patientClock);
  await watch.sees("ca1", "cb2", "cc3", "cd4", "ce5", "cf6");
  assert.deepEqual(watch.stopping.sort(), [told, patient, endless].sort());
  assert.deepEqual(watch.report.of("container-survived"), []);
});

Deno.test("one that the engine's memory tells of and that is started again is not stopping any more", async () => {
  await using fake = await FakeEngine.start();
  const id = run(fake, "a1");
  fake.past = kill(id, "15", 290_000);
  // The engine is given time to tell of the past.
  await using watch = new Watch(fake, true, undefined, patientClock);
  await watch.sees("ca1");
  assert.deepEqual(watch.stopping, [id]);
  fake.tell("start", id);
  fake.tell("start", fake.run("b2"));
  await watch.sees("ca1", "cb2");
  assert.deepEqual(watch.stopping, []);
});

Deno.test("an engine that answers nonsense for its memory is followed all the same", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  fake.past = "{nonsense\n";
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  assert.match(watch.report.lines.join("\n"), /cannot read the last signals/);
});

Deno.test("a container that lives on after it was told to stop is given up after a minute, or its own time", () => {
  const patient = view("patient", { stopTimeoutMs: 200_000 });
  const plain = view("plain", {});
  const containers = new Map([patient, plain].map((each) => [each.id, each]));
  const clock = new HandClock();
  const stopping = new StoppingContainers(clock);
  for (const { id } of containers.values()) stopping.set(id, clock.now());
  const expiredAfter = (milliseconds: number) => {
    clock.pass(milliseconds);
    return stopping.expire(containers);
  };
  assert.deepEqual(expiredAfter(59_999), []);
  assert.deepEqual(expiredAfter(1), [plain.id]);
  assert.deepEqual(expiredAfter(149_999), []);
  assert.deepEqual(expiredAfter(1), [patient.id]);
  assert.equal(stopping.size, 0);
});

Deno.test("a container that ended keeps its place for a moment, unless it is started again or the engine is lost", async () => {
  const id = view("away", {}).id;
  const event = { id, action: "die", killedBy: undefined, at: undefined, network: undefined };
  const sleeps: (() => void)[] = [];
  const sleep = (_: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      sleeps.push(resolve);
      signal?.addEventListener("abort", () => resolve());
    });
  const clock = { ...impatientClock, sleep };
  const connection = new AbortController();
  const stopping = new StoppingContainers(clock);
  const tell = (action = "die") => stopping.tell({ ...event, action }, 0, connection.signal);

  const told = tell("kill");
  assert.equal(stopping.mayReturn(id), false, "it was told to stop, and has not ended yet");
  const first = tell();
  assert.equal(stopping.mayReturn(id), true);
  stopping.delete(id);
  assert.equal(stopping.mayReturn(id), false, "it was started again");
  const second = tell();
  sleeps[1]?.();
  await first;
  assert.equal(stopping.mayReturn(id), true, "it ended again since");
  connection.abort();
  await Promise.all([told, second]);
  assert.equal(stopping.mayReturn(id), false);
  assert.ok(stopping.has(id), "it gets nothing until the engine tells of it");
});
