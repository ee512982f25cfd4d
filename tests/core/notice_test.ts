import assert from "node:assert/strict";
import { formatNotice, onOneLine, quote } from "../../lib/core/notice.ts";

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
