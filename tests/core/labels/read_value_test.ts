import assert from "node:assert/strict";
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
