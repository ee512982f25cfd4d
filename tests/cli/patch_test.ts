import assert from "node:assert/strict";
import { applyPatch } from "diff";
import { patchInParts, patchOf } from "../../lib/cli/patch.ts";

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

Deno.test("a patch that is made in parts is the same, and applies where very many lines differ", async () => {
  const inParts = (before: string, after: string) =>
    patchInParts({ name: "old", text: before }, { name: "new", text: after });
  const [before, after] = [lines("same", 3_000), lines("same", 3_000).replace("same 1500\n", "other\n")];
  assert.equal(await inParts(before, after), patch(before, after));
  const [many, others] = [lines("a", 3_000), lines("b", 3_000)];
  assert.equal(applyPatch(many, await inParts(many, others)), others);
  // Whoever compares so many lines at once holds up all others.
  const order: string[] = [];
  await Promise.all([
    inParts(lines("a", 400), lines("b", 400)).then(() => order.push("the patch")),
    inParts("a\n", "b\n").then(() => order.push("a short one that came later")),
  ]);
  assert.deepEqual(order, ["a short one that came later", "the patch"]);
});
