/** Mistakes in JSON, by the names that people give them. */
import assert from "node:assert/strict";
import { findJsonMistake } from "../../../lib/core/labels/json_mistake.ts";
import { seeded } from "../../harness/seeded.ts";

/** The caret stands before the first character that is wrong. */
const MISTAKES: readonly (readonly [text: string, what: string])[] = [
  [`{^'hostname': 'www'}`, "single quotes"],
  [`{"hostname": ^'www'}`, "single quotes"],
  ["{^“hostname”: “www”}", "typographic quotes"],
  ["{^„hostname“: 1}", "typographic quotes"],
  [`{"port": 80^,}`, "a comma before the closing }"],
  [`{"a": ["b"^, ]}`, "a comma before the closing ]"],
  [`{^\\"hostname\\": \\"www\\"}`, "a backslash before a quote"],
  [`{"hostname": ^\\"www\\"}`, "a backslash before a quote"],
  [`{^hostname: "www"}`, "a key without quotes"],
  [`{"hostname": ^www.example.com}`, "a text without quotes"],
  [`{"interval": ^5s}`, "a text without quotes"],
  [`{"port": ^8080/tcp}`, "a text without quotes"],
  [`{^// the host\n"hostname": "www"}`, "a comment"],
  [`{"port": 80 ^/* http */}`, "a comment"],
  [`^# x\n{}`, "a comment"],
  [`{"port": ^080}`, "a number that JSON does not have"],
  [`{"port": ^+80}`, "a number that JSON does not have"],
  [`{"ssl_only": ^True}`, '"True", which JSON does not have'],
  [`{"ssl_only": ^None}`, '"None", which JSON does not have'],
  [`{"ssl_only" ^= true}`, "an equals sign"],
  [`{"ssl_only"^}`, "a key without a value"],
  [`{"ssl_only": ^}`, "a key without a value"],
  [`{"a" ^"b"}`, "no colon after a key"],
  [`{"a": 1 ^"b": 2}`, "no comma between two of its parts"],
  [`{"a": 1,^, "b": 2}`, "a comma with nothing before it"],
  [`{^, "b": 2}`, "a comma with nothing before it"],
  [`{"a": 1^`, "it ends too early"],
  [`{"a": [1, 2^`, "it ends too early"],
  [`{"a": ^"www}`, "a text without its closing quote"],
  [`{"a": "b^\nc"}`, "a line break or a tab inside a text"],
  [`{"a": "^\\d+"}`, "a backslash that begins no escape"],
  [`{"a": 1}^}`, "something after its end"],
  [`{"a": [1^}}`, "a } where a [ is open"],
  [`^hostname=www`, "no object or list"],
  [`^'{"hostname": "www"}'`, "quotes around all of it"],
  [`^"{"hostname": "www"}"`, "quotes around all of it"],
  [`^\u00a0{}`, "an invisible character"],
  ["^", "nothing"],
];

for (const [marked, what] of MISTAKES) {
  Deno.test(`JSON mistake: ${what}: ${JSON.stringify(marked)}`, () => {
    const offset = marked.indexOf("^");
    const text = marked.slice(0, offset) + marked.slice(offset + 1);
    assert.throws(() => JSON.parse(text));
    const mistake = findJsonMistake(text);
    assert.deepEqual([mistake?.what, mistake?.offset], [what, offset]);
  });
}

Deno.test("a text is right where JSON.parse takes it, and has a mistake where it does not", () => {
  const random = seeded(7);
  const right =
    '{"hostname": "w\\u0041w", "port": -8.5e+3, "ssl_only": true, "a": [null, {}, [], "x,y"], "b": {"c": 0}}';
  const marks = [
    "'",
    '"',
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\\",
    " ",
    "0",
    "e",
    "x",
    "\n",
    "-",
    ".",
    "“",
    "\u0000",
    "/",
  ];
  for (let round = 0; round < 20_000; round++) {
    const at = Math.floor(random() * right.length);
    const mark = marks[Math.floor(random() * marks.length)] ?? "";
    const text = right.slice(0, at) + mark + right.slice(at + Math.floor(random() * 3));
    let isRight = true;
    try {
      JSON.parse(text);
    } catch {
      isRight = false;
    }
    const mistake = findJsonMistake(text);
    assert.equal(mistake === undefined, isRight, text);
    if (mistake !== undefined) assert.ok(mistake.offset >= 0 && mistake.offset <= text.length, text);
  }
});

Deno.test("a long text, and one that is deeply nested, is read in one go", () => {
  assert.equal(findJsonMistake("[".repeat(60_000))?.offset, 60_000);
  assert.equal(findJsonMistake(`{"a": "${"x".repeat(60_000)}`)?.offset, 6);
});
