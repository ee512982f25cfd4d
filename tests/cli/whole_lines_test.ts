/** A log on a pipe that is full: no line is cut. */
import assert from "node:assert/strict";
import { WholeLines } from "../../lib/cli/whole_lines.ts";

/** A pipe with so much room, and what came through. */
function pipe() {
  let room = Infinity;
  let text = "";
  const lines = new WholeLines((bytes) => {
    if (room === 0) throw new Deno.errors.WouldBlock("full");
    const taken = bytes.subarray(0, room);
    room -= taken.length;
    text += new TextDecoder().decode(taken);
    return taken.length;
  });
  return { lines, read: () => text, make: (more: number) => room = more };
}

Deno.test("a line that a full pipe took in part is finished before the next one", () => {
  const { lines, read, make } = pipe();
  lines.add("first");
  make(3);
  lines.add("second");
  assert.equal(read(), "first\nsec");
  lines.add("third");
  make(Infinity);
  lines.add("fourth");
  assert.equal(read(), "first\nsecond\nthird\nfourth\n");
});

Deno.test("what a reader that stands still costs is bounded, and lines are left out whole", () => {
  const { lines, read, make } = pipe();
  make(10);
  const line = "x".repeat(999);
  for (let count = 0; count < 1_000; count++) lines.add(line);
  make(Infinity);
  lines.add("last");
  lines.add("and after");
  const written = read().split("\n");
  assert.equal(written.pop(), "");
  assert.equal(written.pop(), "and after");
  assert.ok(written.length < 300, `${written.length} lines`);
  assert.deepEqual([...new Set(written)], [line]);
});

Deno.test("a reader that went away is no matter", () => {
  const lines = new WholeLines(() => {
    throw new Deno.errors.BrokenPipe();
  });
  lines.add("one");
  lines.add("two");
});
