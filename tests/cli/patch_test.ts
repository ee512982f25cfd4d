import assert from "node:assert/strict";
import { applyPatch } from "diff";
import { patchOf } from "../../lib/cli/patch.ts";

const lines = (word: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${word} ${at}\n`).join("");
const patch = (before: string, after: string) =>
  patchOf({ name: "old", text: before }, { name: "new", text: after });

Deno.test("a patch is the shortest where few lines differ, and applies whatever differs", () => {
  const [before, after] = [lines("same", 3_000), lines("same", 3_000).replace("same 1500\n", "other\n")];
  const short = patch(before, after);
  assert.equal(short.split("\n").length, 14);
  assert.equal(applyPatch(before, short), after);
  const [many, others] = [lines("a", 3_000), lines("b", 3_000)];
  assert.equal(applyPatch(many, patch(many, others)), others);
  assert.equal(applyPatch("", patch("", others)), others);
  assert.equal(applyPatch(many, patch(many, "")), "");
});

Deno.test("a set of which every line differs is compared at once", () => {
  // The shortest patch of so many would take hours.
  const said = patch(lines("a", 50_000), lines("b", 50_000));
  assert.equal(said.split("\n").filter((line) => line.startsWith("+b")).length, 50_000);
});
