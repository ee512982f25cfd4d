/** Regular expressions of containers: small, the same to every HAProxy, and quick where they do not match. */
import assert from "node:assert/strict";
import { LONGEST_SUBJECT, parseExpression } from "../../../lib/core/values/expression.ts";
import { expressionOf, parseHostPattern } from "../../../lib/core/values/host_pattern.ts";

/** What is made of a pattern, or what would be right. */
function read(text: string): string {
  const parsed = parseExpression(text);
  return parsed.ok ? `${parsed.value.text} ${parsed.value.groups}` : parsed.expected;
}

Deno.test("a pattern loses its anchors and its backslashes, and its groups are counted", () => {
  assert.equal(read("^/blog/([0-9]+)/(.*)$"), "/blog/([0-9]+)/(.*) 2");
  assert.equal(read("/a\\.b/(x|y(z)?)"), "/a[.]b/(x|y(z)?) 2");
  assert.equal(read("\\d{4}-\\w+"), "[0-9]{4}-[A-Za-z0-9_]+ 0");
  assert.equal(read("[\\d\\-._]x[^/]*"), "[0-9._-]x[^/]* 0");
  assert.equal(read("/cost\\$"), "/cost[$] 0");
});

Deno.test("what is wrong with a pattern is told with its place", () => {
  const places: Readonly<Record<string, number>> = {
    "/a b": 3,
    "(a": 1,
    "a)": 2,
    "(a+)+": 1,
    "(a|b)*": 1,
    "x(?:a)": 3,
    "a**": 3,
    "a+?": 3,
    "*a": 1,
    "[a": 1,
    "[z-a]": 1,
    "[[:alpha:]]": 1,
    "a{70}": 2,
    "a{": 2,
    "\\1": 1,
    "\\s": 1,
    "a|": 0,
    "\n": 1,
    "é": 1,
    "%[src]|": 0,
    "((((((((((a))))))))))": 10,
  };
  for (const [text, place] of Object.entries(places)) {
    const parsed = parseExpression(text);
    assert.ok(!parsed.ok, text);
    if (place > 0) assert.match(parsed.expected, new RegExp(` at character ${place} of the pattern$`), text);
  }
});

Deno.test("a pattern that could be tried in too many ways is refused, and one whose parts are clear is taken", () => {
  const slow = [
    "/.*.*x",
    "[ab]+.*[ab]+!",
    "(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)(a?)b",
  ];
  const many = `${"(a|a)".repeat(9)}.*.*b`;
  for (const text of [...slow, many, "x".repeat(201)]) assert.ok(!parseExpression(text).ok, text);
  for (const text of ["/([^/]+)/([^/]+)/([^/]+)/([^/]+)/(.*)", "/(a|b|c)/(.*)/(d|e)", "/(.*)/x/(.*)"]) {
    assert.ok(parseExpression(text).ok, read(text));
  }
});

Deno.test("what is taken is quick on texts that nearly match, for all patterns of a few pieces", () => {
  const pieces = ["a", "a?", "a*", "[ab]+", "(a|ab)", "(a*)?", ".*", "/", "[^/]*", "(a?b?)", "a{0,9}"];
  const subject = "a".repeat(LONGEST_SUBJECT);
  for (const first of pieces) {
    for (const second of pieces) {
      for (const third of pieces) {
        for (const text of [first + second + third, `(${first}${second}|${third})${first}`]) {
          const parsed = parseExpression(`${text}!`);
          // One that takes too long never ends here.
          if (parsed.ok) assert.ok(!new RegExp(`^${parsed.value.text}$`).test(subject));
        }
      }
    }
  }
});

Deno.test("a pattern of the longest kind is judged piece by piece, however many may be left out", () => {
  // With twice the work for each piece, none of these would end.
  const rows = [
    "a?".repeat(100),
    "a*".repeat(100),
    "[ab]?".repeat(40),
    "(a?b?)?".repeat(9),
    "a{0,9}".repeat(33),
  ];
  for (const row of [...rows, `${"(".repeat(9)}a?${")?".repeat(9)}${"b?".repeat(85)}`]) {
    assert.match(read(row), /can be tried quickly/, row);
  }
  const distinct = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"].map((each) =>
    `${each}?`
  );
  assert.equal(read(`/${distinct.join("")}`), `/${distinct.join("")} 0`);
});

Deno.test("parts of a pattern of hosts that the size of letters alone tells apart are one: hosts have small letters", () => {
  const subject = "a".repeat(253);
  for (const row of ["A+a+", "[A-Z]+[a-z]+", "[A-C]+[a-c]+", "[AB]+b+[a-b]+"]) {
    const parsed = parseHostPattern(`${row.repeat(6)}x`);
    // One that takes too long never ends here.
    if (parsed.ok) assert.ok(!new RegExp(expressionOf(parsed.value)).test(subject), row);
    assert.match(parsed.ok ? "" : parsed.expected, /can be tried quickly/, row);
  }
  const parsed = parseHostPattern("[A-Za-z0-9]+-Preview[.]example[.]com");
  assert.equal(parsed.ok && parsed.value, "~[a-za-z0-9]+-preview[.]example[.]com");
  // Paths keep the size of their letters.
  assert.equal(read("/[A-Z]+[a-z]+[A-Z]+[a-z]+"), "/[A-Z]+[a-z]+[A-Z]+[a-z]+ 0");
});
