import assert from "node:assert/strict";
import { PassMemory } from "../../../lib/core/model/pass_memory.ts";

Deno.test("what a pass does not ask for is forgotten in the next", () => {
  const memory = new PassMemory<string, number>();
  memory.begin();
  memory.set("a", 1);
  memory.set("b", 2);
  memory.begin();
  assert.equal(memory.get("a"), 1);
  assert.equal(memory.get("a"), 1);
  memory.begin();
  assert.deepEqual([memory.get("a"), memory.get("b")], [1, undefined]);
});

Deno.test("what a pass sets in place of another value is remembered, however often it is set", () => {
  const memory = new PassMemory<string, number>();
  memory.begin();
  memory.set("a", 1);
  memory.begin();
  memory.set("a", 2);
  memory.set("a", 3);
  memory.set("b", 4);
  memory.begin();
  assert.deepEqual([memory.get("a"), memory.get("b"), memory.get("c")], [3, 4, undefined]);
});
