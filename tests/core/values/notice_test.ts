import assert from "node:assert/strict";
import {
  excerptAt,
  formatNotice,
  formatNoticeLines,
  onOneLine,
  quote,
} from "../../../lib/core/values/notice.ts";

Deno.test("a quoted text is one line that a terminal does not obey", () => {
  const evil = "a\nb\r\u001b[31m\u0000\u009b\u2028\u202e\u200b\ufeff\ud800";
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(quote(evil), /[\u0000-\u001f\u007f-\u009f\u2028\u202e\u200b\ufeff\ud800]/);
  assert.equal(quote("a\nb"), '"a\\nb"');
  assert.equal(quote("\u202e"), '"\\u202e"');
});

Deno.test("whole characters of other scripts stay as they are", () => {
  assert.equal(quote("bücher 例え 💥"), '"bücher 例え 💥"');
});

Deno.test("a long text is cut, never in the middle of a character", () => {
  assert.equal(quote("x".repeat(1000)).length, 80 + 3);
  assert.doesNotMatch(quote("💥".repeat(100)), /\ud83d(?![\udc00-\udfff])/u);
  assert.match(quote(`x${"💥".repeat(100)}`), /\\ud83d…"$/);
});

Deno.test("what is no text is shown as JSON", () => {
  assert.equal(quote(5), "5");
  assert.equal(quote(null), "null");
  assert.equal(quote(["a\nb"]), '["a\\nb"]');
  assert.equal(quote(undefined), "undefined");
});

Deno.test("a notice is one line, whatever the container is called", () => {
  const notice = {
    severity: "warning",
    code: "x",
    subject: "we\nb\u001b[2J",
    message: "is\tnot\nright",
  } as const;
  assert.equal(formatNotice(notice), "warning: we\\u000ab\\u001b[2J: is\\u0009not\\u000aright");
  assert.equal(onOneLine("plain"), "plain");
});

Deno.test("a place in a text is told by a caret: inside the one line, and below the place where there are several", () => {
  const excerpt = excerptAt("{\n  'hostname': 1\n}", 4);
  const notice = { severity: "warning", code: "x", subject: "web", message: "is wrong", excerpt } as const;
  assert.equal(formatNotice(notice), "warning: web: is wrong:   ^'hostname': 1");
  assert.deepEqual(formatNoticeLines(notice), ["warning: web: is wrong:", "    'hostname': 1", "    ^"]);
});

Deno.test("an excerpt is a part of one line, however long that is, and a terminal does not obey it", () => {
  const { before, after } = excerptAt(`${"a".repeat(1_000)}\u001b[2J${"b".repeat(1_000)}`, 1_001);
  assert.equal(before, `…${"a".repeat(39)}\\u001b`);
  assert.equal(after, `[2J${"b".repeat(37)}…`);
  assert.deepEqual(excerptAt("", 0), { before: "", after: "" });
  assert.deepEqual(excerptAt("a\n", 2), { before: "", after: "" });
});
