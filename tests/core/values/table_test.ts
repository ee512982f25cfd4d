/** What a row may be made of, and that a file of rows reads as it was written. */
import assert from "node:assert/strict";
import {
  parseTable,
  parseTableKey,
  parseTableName,
  parseTableValue,
  tableText,
} from "../../../lib/core/values/table.ts";

Deno.test("a key is one word that is no comment, and a value is one line without blanks at its ends", () => {
  for (const key of ["a", "www.example.com/app/", "id|4|0A", "*.x", "a#b", "ü", "x".repeat(1_000)]) {
    assert.ok(parseTableKey(key).ok, key);
  }
  for (
    const key of ["", " ", "a b", "a\tb", "#a", "a\u00a0b", "a\nb", "a\x00", "\ud800", "x".repeat(1_001)]
  ) {
    assert.ok(!parseTableKey(key).ok, JSON.stringify(key));
  }
  for (const value of ["a", "a b  c", '"; del map #1', "# no comment", "ü".repeat(3_000)]) {
    assert.ok(parseTableValue(value).ok, value);
  }
  for (const value of ["", " a", "a ", "a\nb", "a\rb", "a\u2028b", "a\x85", "\udc00", "ü".repeat(3_001)]) {
    assert.ok(!parseTableValue(value).ok, JSON.stringify(value));
  }
});

Deno.test("the name of a table stands in no other folder and needs no quotes", () => {
  assert.ok(parseTableName("hosts.map").ok);
  for (
    const name of ["", "hosts", "../hosts.map", "a/b.map", "A.map", "a b.map", ".map", "#1.map", "a.map "]
  ) {
    assert.ok(!parseTableName(name).ok, name);
  }
});

Deno.test("a file of rows reads as it was written, and as HAProxy reads it", () => {
  const rows = Object.entries({ "a/": "a", "b|4|": "two words  and # more", c: '"' }).map(([key, value]) => {
    const [parsedKey, parsedValue] = [parseTableKey(key), parseTableValue(value)];
    assert.ok(parsedKey.ok && parsedValue.ok);
    return [parsedKey.value, parsedValue.value] as const;
  });
  const text = tableText("key value", new Map(rows));
  assert.equal(text, '# key value\na/ a\nb|4| two words  and # more\nc "\n');
  assert.deepEqual(parseTable(text), rows);
  assert.deepEqual(parseTable("\n  # x\n  a\t b c \n"), [["a", "b c"]]);
});
