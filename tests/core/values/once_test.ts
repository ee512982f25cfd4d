import assert from "node:assert/strict";
import { once, onceEach } from "../../../lib/core/values/once.ts";

Deno.test("a constant is made when it is first asked for, and no second time, whatever it is", () => {
  const made: string[] = [];
  const constant = once(() => void made.push("constant"));
  assert.equal(made.length, 0);
  assert.equal(constant(), undefined);
  constant();
  const lengths = onceEach((word) => made.push(word));
  assert.deepEqual([lengths("a."), lengths("b."), lengths("a.")], [2, 3, 2]);
  assert.deepEqual(made, ["constant", "a.", "b."]);
});
