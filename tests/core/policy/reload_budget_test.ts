/** How reloads that somebody forces are spaced, on a clock that stands still until it is set. */
import assert from "node:assert/strict";
import { budgetPauseMs, canWait, reloadBudget, spendReload } from "../../../lib/core/policy/reload_budget.ts";

/** When each of so many reloads in a row is done, where somebody asks for the next one all the time. */
function timesOf(count: number, hardStopAfterMs: number): number[] {
  const budget = reloadBudget(hardStopAfterMs);
  let spent = { backInMs: 0, atMs: 0 };
  let now = 0;
  return Array.from({ length: count }, () => {
    now += budgetPauseMs(spent, budget, now);
    spent = spendReload(spent, budget, now);
    return now;
  });
}

Deno.test("as many reloads as a deployment needs are at once", () => {
  assert.deepEqual(timesOf(20, 3_600_000), Array(20).fill(0));
});

Deno.test("fifty that are forced take as long as the longest promise, whenever they begin and whatever it is", () => {
  for (const promiseMs of [1_000, 60_000, 3_600_000, 86_400_000]) {
    const times = timesOf(200, promiseMs);
    times.slice(50).forEach((time, at) =>
      assert.ok(time - (times[at] ?? 0) >= promiseMs, `${at}, ${promiseMs}`)
    );
    assert.ok((times[49] ?? 0) >= promiseMs, `${promiseMs}`);
  }
});

Deno.test("no reload waits longer than for one place, however many there were: two minutes with an hour's promise", () => {
  const times = timesOf(500, 3_600_000);
  assert.ok(times.slice(1).every((time, at) => time - (times[at] ?? 0) <= 120_000));
});

Deno.test("what was used comes back with time", () => {
  const budget = reloadBudget(3_600_000);
  const spent = { backInMs: budget.free * budget.refillMs, atMs: 0 };
  assert.equal(budgetPauseMs(spent, budget, 0), budget.refillMs);
  assert.equal(budgetPauseMs(spent, budget, budget.refillMs - 1), 1);
  assert.equal(budgetPauseMs(spent, budget, budget.refillMs), 0);
});

Deno.test("what somebody asked for does not wait, nor does a divergence that is the first in a while", () => {
  const settings = { kind: "settings", added: [], removed: [] } as const;
  const diverged = { kind: "diverged", detail: "it has one server more" } as const;
  for (const isFirst of [true, false]) {
    assert.ok(canWait([settings], isFirst));
    assert.ok(!canWait([settings, { kind: "asked", detail: "SIGHUP" }], isFirst));
    assert.equal(canWait([diverged, settings], isFirst), !isFirst);
  }
});
