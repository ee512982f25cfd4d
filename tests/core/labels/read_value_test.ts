import assert from "node:assert/strict";
import { KINDS } from "../../../lib/core/keys/key_kind.ts";
import { between } from "../../../lib/core/keys/plain_parsers.ts";
import type { RouteKey } from "../../../lib/core/keys/route_key.ts";
import { readValue } from "../../../lib/core/labels/read_value.ts";
import { Complaints } from "../../../lib/core/values/complaints.ts";

const row = { label: "x", scope: "backend", costs: "key", meaning: "", kind: "boolean" } as const;

function read(rule: RouteKey, value: unknown, version: readonly [number, number] = [2, 6]) {
  const complaints = new Complaints();
  const result = readValue(rule, { value, label: undefined }, version, () => "x", complaints);
  return result.ok ? result.value : `expected ${result.expected}`;
}

Deno.test("a key that HAProxy has from a version on is refused before it, and says which", () => {
  const rule: RouteKey = { ...row, since: [3, 0] };
  assert.equal(read(rule, true, [2, 8]), "expected HAProxy 3.0 or later for it");
  assert.equal(read(rule, true, [3, 0]), true);
  assert.equal(read(rule, true, [3, 2]), true);
  assert.equal(read(row, true, [2, 4]), true);
});

Deno.test("a time is milliseconds, or a number with its unit", () => {
  const rule: RouteKey = { ...row, kind: "time", parse: between(1_000, 3_600_000, "a time") };
  const times = { "30s": 30_000, "1500ms": 1_500, "5m": 300_000, "1h": 3_600_000, " 2s ": 2_000 };
  for (const [text, milliseconds] of Object.entries(times)) {
    assert.equal(read(rule, text), milliseconds, text);
  }
  assert.equal(read(rule, 30_000), 30_000);
  for (const value of ["30", "s", "1.5s", "-1s", "30 s", "1d", "", 1.5, true, null, ["1s"], "9999999999s"]) {
    assert.equal(read(rule, value), "expected milliseconds, or a time such as 30s", String(value));
  }
  assert.equal(read(rule, 0), "expected a time from 1000 to 3600000");
  assert.deepEqual(["30000", " 30000 ", "30s"].map(KINDS.time.fromLabel), [30_000, 30_000, "30s"]);
});
