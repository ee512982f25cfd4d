/** So many at once, and the others in turn. */
import assert from "node:assert/strict";
import { Turns } from "../../lib/probe/turns.ts";

Deno.test("no more than so many are under way at once, and the first to come is the next", async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const gates = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
  const all = gates.map(({ promise }, at) =>
    turns.take(async () => {
      begun.push(at);
      await promise;
      if (at === 1) throw new Error("it failed");
      return at;
    })
  );
  const results = Promise.allSettled(all);
  await Promise.resolve();
  assert.deepEqual(begun, [0, 1]);
  gates[1]?.resolve();
  await assert.rejects(all[1] as Promise<number>, /it failed/);
  assert.deepEqual(begun, [0, 1, 2], "what failed gives its turn back");
  for (const { resolve } of gates) resolve();
  assert.deepEqual((await results).map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
