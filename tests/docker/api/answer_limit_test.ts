/** What an engine answers has an end: what is longer is told once, and costs nobody who has nothing to do with it. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { AnswerText } from "../../../lib/docker/api/answer_limit.ts";
import { connectEngine } from "../../../lib/docker/api/connect.ts";
import { eventually } from "../../harness/eventually.ts";
import { FakeEngine } from "../fake_engine.ts";
import { Watch } from "../watch.ts";

/** An answer that goes on until nobody reads it; counts its megabytes. */
function endless(count: () => void): Response {
  return new Response(
    new ReadableStream({
      pull(controller) {
        count();
        controller.enqueue(new Uint8Array(1_048_576).fill(0x20));
      },
    }),
  );
}

Deno.test("a container whose inspect has no end is left out with a warning, and the others are read", async () => {
  await using fake = await FakeEngine.start();
  const big = fake.run("b1");
  fake.run("c1");
  let megabytes = 0;
  fake.answer = (path) => path.includes(big) ? endless(() => megabytes++) : undefined;
  await using watch = new Watch(fake);
  await watch.sees("cc1");
  const { container, why } = await eventually(() => watch.report.of("container-unreadable")[0], {
    what: "the container to be unreadable",
  });
  assert.equal(container, "b10000000000");
  assert.match(why, /longer than 64 MB/);
  assert.ok(megabytes < 100, `${megabytes} MB were read`);
  assert.equal(fake.followers, 1, "the connection goes on");
});

Deno.test("a list that has no end is told once, however often it is tried, and so is that it has one again", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  let lists = 0;
  fake.answer = (path) => {
    if (path !== "/containers/json") return undefined;
    lists++;
    return endless(() => undefined);
  };
  await using watch = new Watch(fake);
  await eventually(() => lists >= 3, { what: "three tries", limitMs: 20_000 });
  fake.answer = () => undefined;
  await watch.sees("ca1");
  const { events } = watch.report;
  assert.deepEqual(events.map(({ kind }) => kind), ["engine-found", "engine-lost", "engine-readable"]);
  assert.match(watch.report.of("engine-lost")[0]?.why ?? "", /longer than 64 MB/);
});

Deno.test("lists of millions of entries, which fit into an answer, are not read further", async () => {
  await using fake = await FakeEngine.start();
  fake.answer = (path) => {
    const isList = ["/containers/json", "/services", "/nodes", "/tasks"].some((each) => path.endsWith(each));
    return isList ? new Response(`[${"1,".repeat(1_000_000)}1]`) : undefined;
  };
  const { signal } = new AbortController();
  const engine = await connectEngine(fake.transport, systemClock, signal);
  for (const list of [engine.list, engine.stopped, engine.services, engine.nodes, engine.tasks]) {
    await assert.rejects(Promise.resolve(list(signal)), { name: "AnswerTooLongError" });
  }
  await assert.rejects(Promise.resolve(engine.running(["a"], signal)), { name: "AnswerTooLongError" });
  engine.close();
});

Deno.test("an answer of more values than engines send is not parsed, however they lie", () => {
  const add = (part: string) => {
    const text = new AnswerText("it");
    const bytes = new TextEncoder().encode(part.repeat(200_000));
    for (let at = 0; at < 60; at++) text.add(bytes);
    return text.end().length;
  };
  for (const part of ["[", "1,", "[{"]) assert.throws(() => add(part), { name: "AnswerTooLongError" }, part);
});

Deno.test("an answer of as many values as engines send is read whole", () => {
  const text = new AnswerText("it");
  const bytes = new TextEncoder().encode('"interlock.x": "y",'.repeat(100_000));
  for (let at = 0; at < 30; at++) text.add(bytes);
  assert.equal(text.end().length, 30 * bytes.length);
});
