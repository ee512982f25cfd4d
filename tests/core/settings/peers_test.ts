import assert from "node:assert/strict";
import { readSettings } from "../../../lib/core/settings/read_settings.ts";

const problems = (given: Record<string, readonly string[]>) => readSettings(given, {}).problems;

Deno.test("a peer is a name and an address with a port", () => {
  assert.deepEqual(problems({ peer: ["edge1=10.0.0.1:10000", "edge2=[fd00::2]:10000"] }), []);
  const wrong = [
    "edge1",
    "edge1=10.0.0.1",
    "edge1=edge1.lan:10000",
    "=10.0.0.1:1",
    "a b=10.0.0.1:1",
    "a\n=10.0.0.1:1",
  ];
  for (const text of wrong) {
    assert.match(problems({ peer: [text] }).join(), /expected NAME=ADDRESS:PORT/, text);
  }
});

Deno.test("peers that contradict each other are a mistake", () => {
  assert.match(problems({ peer: ["a1=10.0.0.1:1", "a1=10.0.0.2:1"] }).join(), /names a1 twice/);
  const many = Array.from({ length: 33 }, (_, at) => `node${at}=10.0.0.1:${at + 1}`);
  assert.match(problems({ peer: many }).join(), /33 times, expected at most 32/);
});
