/** Answers that take long: one at a time, with pauses, so that nobody who asks for many holds up the rest. */
import assert from "node:assert/strict";
import { LongAnswers, TooManyAsk } from "../../lib/report/long_answers.ts";
import { eventually } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

/** Waits until the next answer waits for the pause. */
const paused = (clock: HandClock) => eventually(() => clock.waiting === 1, { what: "a pause" });

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the next answer is made after a pause as long as the last one took, and the same one is made once", async () => {
  const clock = new HandClock();
  const answers = new LongAnswers(clock);
  const made: string[] = [];
  const ask = (name: string) =>
    answers.make(name, () => {
      made.push(name);
      clock.pass(300);
      return `${name} ${made.length}`;
    }).then(textOf);
  const first = ask("a");
  const others = ["b", "c", "b", "b", "c"].map(ask);
  assert.equal(await first, "a 1");
  await paused(clock);
  clock.pass(299);
  assert.deepEqual(made, ["a"]);
  clock.pass(1);
  assert.equal(await others[0], "b 2");
  // Who asks once it has begun gets a new one.
  const late = ask("b");
  await paused(clock);
  clock.pass(300);
  await others[1];
  await paused(clock);
  clock.pass(300);
  assert.deepEqual(await Promise.all([...others, late]), ["b 2", "c 3", "b 2", "b 2", "c 3", "b 4"]);
});

Deno.test("an answer that cannot be made costs the next one nothing, and none waits for longer than a second", async () => {
  const clock = new HandClock();
  const answers = new LongAnswers(clock);
  const broken = answers.make("a", () => {
    clock.pass(60_000);
    return Promise.reject(new Error("no"));
  });
  const next = answers.make("b", () => "b");
  await assert.rejects(broken, /no/);
  await paused(clock);
  clock.pass(1_000);
  assert.equal(textOf(await next), "b");
});

Deno.test("of different answers, so many wait and no more", async () => {
  const answers = new LongAnswers(new HandClock());
  const waiting = Array.from({ length: 64 }, (_, at) => answers.make(`${at}`, () => "made"));
  await assert.rejects(answers.make("more", () => "made"), TooManyAsk);
  assert.deepEqual([...await waiting[0] ?? []], [...new TextEncoder().encode("made")]);
  void Promise.allSettled(waiting);
});
