import assert from "node:assert/strict";
import { eventually } from "../../harness/eventually.ts";
import { FakeSwarm, SwarmWatch } from "../fake_swarm.ts";

const sees = (watch: SwarmWatch, tasks: string) =>
  eventually(() => {
    if (watch.tasks !== tasks) throw new Error(`it sees ${watch.tasks}`);
    return true;
  }, { what: tasks });

const kinds = ({ report }: SwarmWatch) =>
  report.events.map(({ kind }) => kind).filter((kind) => kind.startsWith("swarm"));

Deno.test("a task that a manager ends is leaving until its end, at the port that it had", async () => {
  await using swarm = await FakeSwarm.start();
  swarm.task("t1");
  await using watch = new SwarmWatch(swarm);
  await sees(watch, "t1 running 32768");
  // A manager forgets the port before the task has ended.
  swarm.task("t1", { desired: "shutdown", port: 0 });
  swarm.task("t2", { state: "ready", desired: "ready", port: 0 });
  await sees(watch, "t1 leaving 32768");
  // Until its successor runs, the host is known.
  swarm.task("t1", { state: "shutdown", desired: "shutdown", port: 0, container: "c1" });
  await sees(watch, "t1 stopping 32768");
  swarm.task("t2", { port: 32770 });
  await sees(watch, "t2 running 32770");
  swarm.forget("t2");
  await sees(watch, "");
});

Deno.test("a Swarm that none leads keeps its tasks, and says so once", async () => {
  await using swarm = await FakeSwarm.start();
  swarm.task("t1");
  await using watch = new SwarmWatch(swarm);
  await sees(watch, "t1 running 32768");
  swarm.mood(0, "has no leader");
  swarm.forget("t1");
  await eventually(() => watch.swarm?.isConnected === false, { what: "the loss to be told" });
  assert.match(watch.swarm?.detail ?? "", /does not have a leader/);
  const asked = () => swarm.engines[0]?.requests.filter((each) => each.endsWith("/tasks")).length ?? 0;
  const before = asked();
  await eventually(() => asked() > before + 5, { what: "it to be asked again and again" });
  assert.equal(watch.tasks, "t1 running 32768");
  assert.deepEqual(kinds(watch), ["swarm-found", "swarm-lost"]);
  swarm.mood(0, "leads");
  await sees(watch, "");
  assert.deepEqual(kinds(watch), ["swarm-found", "swarm-lost", "swarm-found"]);
});

Deno.test("managers stand in for each other: one that hangs, one without a leader, one that is none any more", async () => {
  await using swarm = await FakeSwarm.start(3);
  swarm.task("t1");
  await using watch = new SwarmWatch(swarm);
  await sees(watch, "t1 running 32768");
  swarm.mood(0, "hangs");
  swarm.mood(1, "has no leader");
  swarm.task("t2", { port: 32770 });
  await sees(watch, "t1 running 32768, t2 running 32770");
  swarm.mood(1, "leads");
  swarm.mood(2, "is a worker");
  swarm.forget("t1");
  await sees(watch, "t2 running 32770");
  assert.equal(watch.source.describe().filter(({ kind }) => kind === "swarm").length, 1);
  assert.deepEqual(kinds(watch), ["swarm-found"]);
});

Deno.test("a node that is down takes nothing away, nor does one that a new leader has not heard yet", async () => {
  await using swarm = await FakeSwarm.start();
  swarm.task("t1");
  await using watch = new SwarmWatch(swarm);
  await sees(watch, "t1 running 32768");
  swarm.node("one", "unknown");
  swarm.task("t2", { port: 32770 });
  await sees(watch, "t1 running 32768, t2 running 32770");
  swarm.node("one", "down");
  swarm.task("t1", { desired: "shutdown" });
  swarm.task("t2", { desired: "remove", port: 32770 });
  // What its service no longer wants is another matter.
  await sees(watch, "t1 running 32768, t2 leaving 32770");
});

Deno.test("the engine of a node tells of an end before its manager does, and a task and its container are one", async () => {
  await using swarm = await FakeSwarm.start();
  const [engine] = swarm.engines;
  if (engine === undefined) throw new Error("an engine");
  const id = engine.run("c1", { Labels: { "com.docker.swarm.task.id": "t1".padEnd(25, "0") } });
  engine.run("c2");
  swarm.node("node0");
  swarm.task("t1", { node: "node0", container: "c1" });
  await using watch = new SwarmWatch(swarm);
  await sees(watch, "t1 running 32768");
  assert.deepEqual(watch.snapshot?.containers.map(({ name }) => name.split(".")[0]).sort(), ["cc2", "web"]);
  engine.tell("kill", id, { signal: "15" });
  await sees(watch, "t1 stopping 32768");
});

Deno.test("before a Swarm was read once, nothing is said of it", async () => {
  await using swarm = await FakeSwarm.start();
  swarm.mood(0, "has no leader");
  swarm.engines[0]?.run("c2");
  swarm.task("t1");
  await using watch = new SwarmWatch(swarm);
  await eventually(() => watch.swarm?.isConnected === false, { what: "the loss to be told" });
  assert.equal(watch.snapshot, undefined);
  swarm.mood(0, "leads");
  await sees(watch, "t1 running 32768");
});

Deno.test("at the start a worker's tasks lose nothing to a manager that has not told its part yet", async () => {
  await using swarm = await FakeSwarm.start();
  swarm.mood(0, "tells no part");
  const worker = await swarm.join("is a worker");
  worker.run("c1", { Labels: { "com.docker.swarm.task.id": "t1".padEnd(25, "0") } });
  swarm.node("node1");
  swarm.task("t1", { node: "node1", container: "c1" });
  await using watch = new SwarmWatch(swarm);
  const asked = () => swarm.engines[0]?.requests.filter((each) => each.endsWith("/info")).length ?? 0;
  await eventually(() => watch.report.of("engine-found").length === 2, {
    what: "both engines to be followed",
  });
  const before = asked();
  await eventually(() => asked() > before + 4, { what: "it to be asked for its part again and again" });
  assert.equal(watch.snapshot, undefined);
  swarm.mood(0, "leads");
  await sees(watch, "t1 running 32768");
});
