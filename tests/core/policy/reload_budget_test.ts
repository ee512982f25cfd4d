/** How reloads that somebody forces are spaced, on a clock that stands still until it is set. */
import assert from "node:assert/strict";
import { budgetPauseMs, canWait, reloadBudget, spendReload } from "../../../lib/core/policy/reload_budget.ts";

/** When each of so many reloads in a row is done, where somebody asks for the next one all the time. */
function timesOf(count: number, hardStopAfterMs: number): number[] {
  const budget = reloadBudget(hardStopAfterMs);
  let spent = { places: 0, atMs: 0 };
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

Deno.test("fifty that are forced take five minutes, or as long as the promise where that is less", () => {
  assert.equal(timesOf(50, 3_600_000).at(-1), 300_000);
  assert.ok((timesOf(50, 60_000).at(-1) ?? 0) >= 60_000);
});

Deno.test("nobody waits longer than ten seconds for a reload, however many there were", () => {
  const times = timesOf(500, 3_600_000);
  assert.ok(times.slice(1).every((time, at) => time - (times[at] ?? 0) <= 10_000));
});

Deno.test("what was used comes back with time", () => {
  const budget = reloadBudget(3_600_000);
  const spent = { places: budget.free, atMs: 0 };
  assert.equal(budgetPauseMs(spent, budget, 0), budget.refillMs);
  assert.equal(budgetPauseMs(spent, budget, budget.refillMs - 1), 1);
  assert.equal(budgetPauseMs(spent, budget, budget.refillMs), 0);
});

Deno.test("what somebody asked for, or what HAProxy is not in step without, does not wait", () => {
  assert.ok(canWait([{ kind: "settings", added: [], removed: [] }]));
  assert.ok(!canWait([{ kind: "settings", added: [], removed: [] }, { kind: "asked", detail: "SIGHUP" }]));
  assert.ok(!canWait([{ kind: "diverged", detail: "it has one server more" }]));
});
