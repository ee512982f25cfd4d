/** Whatever is told, and wherever it comes from, a line of the log is one line that a terminal does not obey. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import type { ServerName } from "../../lib/core/values/names.ts";
import { createReporter } from "../../lib/report/log.ts";

/** ESC, CSI of eight bits, DEL, a line break, turning the writing round, marks that nobody sees, a tag, half a character. */
const EVIL = "a\u001b[2J\u009b\u007f\n\u202e\u2066\u061c\u200b\u00ad\u2028\ufeff\u{e0041}\ud800z";
const OBEYED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function linesOf(format: "text" | "json"): string[] {
  const lines: string[] = [];
  const report = createReporter(format, "debug", (line) => lines.push(line), systemClock);
  report.tell({ kind: "haproxy-printed", line: EVIL, level: "error" });
  report.debug("fields", { [EVIL]: EVIL, list: [EVIL] });
  report.requests([`GET /${EVIL}`]);
  report.notices([{ severity: "warning", code: "x", subject: EVIL, message: EVIL }]);
  return lines;
}

Deno.test("the text log spells out control and direction marks of messages, fields, requests and notices", () => {
  const lines = linesOf("text");
  assert.equal(lines.length, 4);
  for (const line of lines) {
    assert.doesNotMatch(line, OBEYED);
    assert.match(line, /\\u001b\[2J\\u009b\\u007f\\n\\u202e\\u2066\\u061c\\u200b\\u00ad/);
  }
});

Deno.test("the JSON log spells them out as JSON does, so that a program reads what was said", () => {
  const lines = linesOf("json");
  for (const line of lines) assert.doesNotMatch(line, OBEYED);
  const [message, fields, request, notice] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(message?.["msg"], `haproxy: ${EVIL}`);
  assert.equal(fields?.[EVIL], EVIL);
  assert.equal(request?.["msg"], `GET /${EVIL}`);
  assert.equal(notice?.["container"], EVIL);
});

Deno.test("a notice that stands is told once, and is not put into words again in each pass", () => {
  const lines: string[] = [];
  const report = createReporter("json", "debug", (line) => lines.push(line), systemClock);
  let asked = 0;
  const notice = {
    severity: "warning",
    code: "x",
    subject: "web",
    get message() {
      asked++;
      return "is wrong";
    },
  } as const;
  report.notices([notice]);
  const first = asked;
  for (let pass = 0; pass < 10; pass++) report.notices([notice]);
  assert.deepEqual([lines.length, asked], [1, first]);
});

Deno.test("a change is told in words: text leaves out what scripts read of it", () => {
  const change = { what: "added", route: "shop.local", container: "shop-3" } as const;
  const linesOf = (format: "text" | "json") => {
    const lines: string[] = [];
    createReporter(format, "info", (line) => lines.push(line), systemClock).tell({
      kind: "changed",
      operations: [{
        kind: "set-state",
        section: "a",
        server: "shop.local:abc:80" as ServerName,
        state: "ready",
      }],
      served: { first: [change], counts: { added: 1 } },
      sinceEventMs: 3.5,
    });
    return lines;
  };
  assert.match(linesOf("text").join(), /^\S+ INFO {2}added shop\.local → shop-3 sinceEventMs=3\.5$/);
  const { msg, changes, of } = JSON.parse(linesOf("json").join());
  assert.deepEqual([msg, changes, of], ["added shop.local → shop-3", [change], ["shop.local:abc:80"]]);
});

Deno.test("an event is one line: its kind, its fields and its words; text leaves out what the words say", () => {
  const lines: string[] = [];
  const tell = (format: "text" | "json") =>
    createReporter(format, "info", (line) => lines.push(line), systemClock).tell({
      kind: "engine-found",
      source: "unix:///docker.sock",
      engine: "20.10",
    });
  tell("json");
  tell("text");
  const { time, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  assert.ok(typeof time === "string");
  assert.deepEqual(rest, {
    level: "info",
    event: "engine-found",
    engine: "20.10",
    source: "unix:///docker.sock",
    msg: "connected to Docker at unix:///docker.sock",
  });
  assert.match(
    lines[1] ?? "",
    /^\S+ INFO {2}connected to Docker at unix:\/\/\/docker\.sock engine="20\.10"$/,
  );
});
