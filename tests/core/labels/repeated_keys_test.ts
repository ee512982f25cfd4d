import assert from "node:assert/strict";
import { repeatedKeys } from "../../../lib/core/labels/repeated_keys.ts";

const TEXTS: readonly (readonly [json: string, repeated: readonly string[]])[] = [
  ['{"a": 1, "b": 2}', []],
  ['{"a": 1, "a": 2}', ["a"]],
  ['{"a" : 1, "b": 2, "a"\n:3, "a": 4, "b": 0}', ["a", "b"]],
  ['[{"a": 1}, {"a": 2}]', []],
  ['[{"a": 1}, {"a": 2, "a": 3}]', ["a"]],
  ['{"a": {"a": 1}, "b": ["a", "a"]}', []],
  ['{"a": "\\"a\\": 1, {", "b": "}\\\\", "c": "a"}', []],
  ['{"a": 1, "\\u0061": 2}', ["a"]],
  ['{"__proto__": 1, "__proto__": 2, "": 0, "": 1}', ["__proto__", ""]],
  ["5", []],
];

for (const [json, repeated] of TEXTS) {
  Deno.test(`the keys that stand twice in ${JSON.stringify(json)} are ${JSON.stringify(repeated)}`, () => {
    JSON.parse(json);
    assert.deepEqual(repeatedKeys(json, JSON.parse(json)), repeated);
  });
}
