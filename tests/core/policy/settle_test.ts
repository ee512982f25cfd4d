import assert from "node:assert/strict";
import { settleDelayMs } from "../../../lib/core/policy/settle.ts";

const SETTLE = { quietMs: 10, mostMs: 100 };

Deno.test("the first change ever acts at once", () => {
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1000, lastPassAt: undefined }, SETTLE, 1000), 0);
});

Deno.test("a change after quiet acts at once", () => {
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1000, lastPassAt: 900 }, SETTLE, 1000), 0);
});

Deno.test("a change right after a pass waits for quiet", () => {
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1000, lastPassAt: 995 }, SETTLE, 1000), 10);
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1006, lastPassAt: 995 }, SETTLE, 1006), 10);
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1006, lastPassAt: 995 }, SETTLE, 1012), 4);
});

Deno.test("changes that never end wait no longer than the bound", () => {
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1098, lastPassAt: 995 }, SETTLE, 1098), 2);
  assert.equal(settleDelayMs({ firstAt: 1000, lastAt: 1150, lastPassAt: 995 }, SETTLE, 1150), 0);
});

Deno.test("no delay is ever negative, and none is longer than quiet or bound", () => {
  for (let at = 1000; at < 1300; at += 7) {
    const delay = settleDelayMs({ firstAt: 1000, lastAt: at, lastPassAt: 999 }, SETTLE, at);
    assert.ok(delay >= 0 && delay <= SETTLE.quietMs, `${delay} at ${at}`);
  }
});
