import assert from "node:assert/strict";
import { backoffMs } from "../../../lib/core/policy/backoff.ts";

const BACKOFF = { firstMs: 100, mostMs: 5_000 };

Deno.test("each failure in a row doubles the wait, up to the most", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(failures, BACKOFF, 0));
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

Deno.test("after any number of failures the wait is a number within bounds", () => {
  for (const failures of [0, 1, 31, 1_000, 1e9, Number.MAX_SAFE_INTEGER]) {
    for (const chance of [0, 0.5, 0.999]) {
      const delay = backoffMs(failures, BACKOFF, chance);
      assert.ok(delay >= 75 && delay <= 5_000, `${delay} after ${failures}`);
    }
  }
});

Deno.test("chance takes off up to a quarter", () => {
  assert.equal(backoffMs(7, BACKOFF, 0.5), 4375);
  assert.equal(backoffMs(7, BACKOFF, 1), 3750);
});
