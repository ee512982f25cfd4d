import assert from "node:assert/strict";
import { DESCRIPTOR_SHARES, FEWEST_DESCRIPTORS } from "../../../lib/core/policy/descriptor_shares.ts";

Deno.test("the shares of descriptors add up to what a process has, and routing has the last of them", () => {
  const shares = Object.entries(DESCRIPTOR_SHARES);
  assert.equal(shares.reduce((sum, [, share]) => sum + share, 0), FEWEST_DESCRIPTORS);
  assert.deepEqual(shares.at(-1), ["routing", 128]);
});
