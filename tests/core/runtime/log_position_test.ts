/** Where a log is read on that can only be read from its oldest line. */
import assert from "node:assert/strict";
import { LogPosition } from "../../../lib/core/runtime/log_position.ts";

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at}`);

Deno.test("a log that is read again from its oldest line goes on behind the last line, in whatever pieces it comes", () => {
  for (const piece of [1, 3, 7, 100]) {
    const position = new LogPosition();
    assert.deepEqual(position.take(lines(0, 40)), lines(0, 40));
    position.rewind();
    const told: string[] = [];
    for (let at = 0; at < 60; at += piece) told.push(...position.take(lines(at, Math.min(60, at + piece))));
    assert.deepEqual(told, lines(40, 60));
    assert.equal(position.isSeeking, false);
  }
});

Deno.test("a log that has forgotten all but the last lines that were read goes on behind them", () => {
  const position = new LogPosition();
  position.take(lines(0, 40));
  position.rewind();
  assert.deepEqual(position.take(lines(38, 45)), lines(40, 45));
});

Deno.test("a log that has forgotten the last line gives all it has once the place is given up", () => {
  const position = new LogPosition();
  position.take(lines(0, 40));
  position.rewind();
  assert.deepEqual(position.take(lines(50, 55)), []);
  assert.equal(position.isSeeking, true);
  assert.deepEqual(position.giveUp(), lines(50, 55));
  assert.deepEqual(position.take(lines(55, 57)), lines(55, 57));
});

Deno.test("equal lines are told as often as they are there", () => {
  const position = new LogPosition();
  position.take(["a", "same", "same"]);
  position.rewind();
  assert.deepEqual(position.take(["a", "same", "same", "same", "b"]), ["same", "b"]);
});

Deno.test("a log of which nothing was read is new from its first line, and one goes on from a mark", () => {
  const position = new LogPosition();
  position.rewind();
  assert.deepEqual(position.take(lines(0, 2)), lines(0, 2));
  const next = new LogPosition(position.last);
  next.rewind();
  assert.deepEqual(next.take(lines(0, 5)), lines(2, 5));
});

Deno.test("a log that is read whole again gives what is behind the last lines, or tells that they are gone", () => {
  const text = (from: number, to: number) => lines(from, to).map((line) => `${line}\n`).join("");
  const position = new LogPosition();
  assert.deepEqual(position.takeWhole(text(0, 40)), lines(0, 40));
  assert.deepEqual(position.takeWhole(text(0, 40)), []);
  assert.deepEqual(position.takeWhole(text(10, 60)), lines(40, 60));
  // All but its last two lines are forgotten.
  assert.deepEqual(position.takeWhole(text(58, 63)), lines(60, 63));
  assert.equal(position.takeWhole(text(80, 82)), undefined);
  assert.deepEqual(position.giveUp(), lines(80, 82));
  assert.deepEqual(position.takeWhole(`${text(80, 82)}a line that ends with line 81\n`), [
    "a line that ends with line 81",
  ]);
});
