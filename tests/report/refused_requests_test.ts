/** What refused requests may write: the first of a second have a line, further ones are counted. */
import assert from "node:assert/strict";
import { refusalOf } from "../../lib/core/runtime/refusal.ts";
import { createReporter } from "../../lib/report/log.ts";
import { HandClock } from "../harness/hand_clock.ts";

const line = (client: string, status: number, server = "<NOSRV>", route = "_unknown_host") =>
  `${client}:4711 [30/Nov/2026:07:20:11.480] _web ${route}/${server} 0/-1/-1/-1/0 ${status} 209 - - PR-- ` +
  '1/1/0/0/0 0/0 {a.test|} "GET / HTTP/1.1"';

function reported(format: "json" | "text" = "json") {
  const [clock, lines, heard] = [new HandClock(), [] as string[], [] as string[]];
  const report = createReporter(format, "info", (text) => lines.push(...text.split("\n")), clock);
  report.onRequests = (all) => heard.push(...all);
  return { clock, lines, heard, report };
}

Deno.test("a line tells of a refusal where no container got the request, and HAProxy answered with an error or not at all", () => {
  assert.deepEqual(refusalOf(line("10.0.0.7", 404)), { client: "10.0.0.7", status: "404" });
  assert.deepEqual(refusalOf(line("2001:db8::7", 429)), { client: "2001:db8::7", status: "429" });
  assert.deepEqual(refusalOf(line("10.0.0.7", -1)), { client: "10.0.0.7", status: "0" });
  const tcp =
    '10.0.0.7:1 [30/Nov/2026:07:20:11.480] _tcp_5432 -/<NOSRV> -1/-1/-1/-1/0 0 0 - - PR 1/1/0/0/0 0/0 {-} "TCP 5432"';
  assert.deepEqual(refusalOf(tcp), { client: "10.0.0.7", status: "0" });
  for (const status of [200, 308]) assert.equal(refusalOf(line("10.0.0.7", status)), undefined);
  assert.equal(refusalOf(line("10.0.0.7", 404, "a.test:4b5e57f6eb2f:80", "a.test")), undefined);
  // What a client sends stands behind the status.
  const sent = line("10.0.0.7", 200).replace("GET /", "GET /<NOSRV> 0 404 ");
  assert.equal(refusalOf(sent), undefined);
});

Deno.test("a hundred refusals a second have a line, twenty of one client, and what a container got has one always", () => {
  const { clock, lines, heard, report } = reported();
  const served = Array.from({ length: 500 }, () => line("10.0.0.1", 500, "a.test:4b5e57f6eb2f:80", "a.test"));
  const flood = (client: string, status: number, count: number) =>
    report.requests(Array.from({ length: count }, () => line(client, status)));
  flood("10.0.0.1", 404, 1_000);
  flood("10.0.0.2", 429, 5);
  report.requests(served);
  assert.equal(lines.length, 20 + 5 + 500);
  for (let client = 3; client < 20; client++) flood(`10.0.0.${client}`, 403, 20);
  assert.equal(lines.length, 100 + 500);
  assert.equal(heard.length, 1_000 + 5 + 500 + 17 * 20, "the live picture hears all");
  clock.pass(1_000);
  const { kind, lines: untold, statuses, msg } = JSON.parse(lines.at(-1) ?? "");
  assert.deepEqual({ kind, untold, statuses, msg }, {
    kind: "refusals",
    untold: 1_245,
    statuses: { "404": 980, "403": 265 },
    msg: "refused 1245 more within a second: 980 with 404, 265 with 403",
  });
  // The next second begins anew, and nothing is told of one without a flood.
  const before = lines.length;
  flood("10.0.0.1", 404, 3);
  clock.pass(1_000);
  assert.equal(lines.length, before + 3);
  assert.equal(clock.waiting, 0);
});

Deno.test("the text log says it in one line too", () => {
  const { clock, lines, report } = reported("text");
  report.requests(Array.from({ length: 21 }, () => line("10.0.0.1", 0)));
  clock.pass(1_000);
  assert.match(lines.at(-1) ?? "", /^\S+ INFO {2}refused 1 more within a second: 1 connections of TCP/);
});
