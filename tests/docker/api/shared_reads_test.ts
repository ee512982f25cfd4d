/** Reads that many ask for at once. */
import assert from "node:assert/strict";
import { settled } from "../../harness/eventually.ts";
import { SharedReads } from "../../../lib/docker/api/shared_reads.ts";

/** An engine that answers when it is told to, with how often it was asked. */
class Slow {
  readonly answers: PromiseWithResolvers<number>[] = [];

  ask = (): Promise<number> => {
    const answer = Promise.withResolvers<number>();
    this.answers.push(answer);
    return answer.promise;
  };
}

Deno.test("many that ask while an answer is on its way share the one that is asked for after it", async () => {
  const slow = new Slow();
  const reads = new SharedReads();
  const first = reads.read("network", slow.ask);
  const others = [1, 2, 3].map(() => reads.read("network", slow.ask));
  assert.equal(slow.answers.length, 1);
  slow.answers[0]?.resolve(1);
  assert.equal(await first, 1);
  await settled();
  assert.equal(slow.answers.length, 2);
  slow.answers[1]?.resolve(2);
  assert.deepEqual(await Promise.all(others), [2, 2, 2]);
  const later = reads.read("network", slow.ask);
  assert.equal(slow.answers.length, 3, "what was answered is not kept");
  slow.answers[2]?.resolve(3);
  assert.equal(await later, 3);
});

Deno.test("who asks in the moment in which an answer comes gets one that was asked for no earlier", async () => {
  const slow = new Slow();
  const reads = new SharedReads();
  const first = reads.read("network", slow.ask);
  const second = reads.read("network", slow.ask);
  slow.answers[0]?.resolve(1);
  const third = first.then(() => reads.read("network", slow.ask));
  await settled();
  // The second may have been asked for just before or just after the third came; never before it was called for.
  for (const [at, answer] of slow.answers.entries()) answer.resolve(at + 1);
  await settled();
  for (const [at, answer] of slow.answers.entries()) answer.resolve(at + 1);
  assert.equal(await second, 2);
  assert.ok(Number(await third) >= 2);
});

Deno.test("a read that fails fails for those that shared it, and the next one is asked for all the same", async () => {
  const slow = new Slow();
  const reads = new SharedReads();
  const first = reads.read("network", slow.ask);
  const second = reads.read("network", slow.ask);
  slow.answers[0]?.reject(new Error("gone"));
  await assert.rejects(first, /gone/);
  await settled();
  slow.answers[1]?.resolve(2);
  assert.equal(await second, 2);
});

Deno.test("reads of different things do not wait for one another", async () => {
  const slow = new Slow();
  const reads = new SharedReads();
  const [first, second] = [reads.read("one", slow.ask), reads.read("two", slow.ask)];
  assert.equal(slow.answers.length, 2);
  slow.answers[1]?.resolve(2);
  assert.equal(await second, 2);
  slow.answers[0]?.resolve(1);
  assert.equal(await first, 1);
});

Deno.test("of one thing so many reads are under way as are allowed, and all others share the next", async () => {
  const slow = new Slow();
  const reads = new SharedReads(2);
  const all = [1, 2, 3, 4, 5].map(() => reads.read("container", slow.ask));
  assert.equal(slow.answers.length, 2);
  // The first is kept waiting for ever, and holds up none of the others.
  slow.answers[1]?.resolve(2);
  await settled();
  assert.equal(slow.answers.length, 3);
  slow.answers[2]?.resolve(3);
  assert.deepEqual(await Promise.all(all.slice(1)), [2, 3, 3, 3]);
  slow.answers[0]?.resolve(1);
  assert.equal(await all[0], 1);
});
