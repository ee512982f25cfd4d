/** Events: the words of each, and what of them is remembered. */
import assert from "node:assert/strict";
import type { Event, EventOf } from "../../../lib/core/status/event.ts";
import { EVENTS } from "../../../lib/core/status/event_words.ts";
import { putIntoWords } from "../../../lib/core/status/put_into_words.ts";
import { History } from "../../../lib/core/status/history.ts";
import { formatStatus } from "../../../lib/core/status/status.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import { statusOf } from "../../report/statuses.ts";

const server = "web.example:abc:80" as ServerName;

/** One of each kind: a new kind does not compile without one. */
const ALL: { readonly [Kind in Event["kind"]]: Omit<EventOf<Kind>, "kind"> } = {
  "starting": { version: "1.2.3", stateDir: "/run/signalbox", listeners: "*:80" },
  "taking-over": { pid: 7 },
  "rereading": { why: "SIGHUP" },
  "settings-refused": { why: "cannot read it" },
  "status-unavailable": { why: "no descriptor" },
  "events-unwritten": { why: "no space left" },
  "service-manager-unheard": { why: "no such socket" },
  "handed-over": {},
  "stopping": {},
  "stopped": {},
  "engine-found": { source: "unix:///docker.sock", engine: "20.10, API 1.41" },
  "engine-readable": { source: "unix:///docker.sock" },
  "engine-lost": { source: "unix:///docker.sock", why: "refused" },
  "swarm-found": { source: "unix:///docker.sock", nodes: 3, services: 1 },
  "swarm-lost": { source: "unix:///docker.sock", why: "none leads it" },
  "snapshot-unreadable": { source: "a.json", why: "no such file" },
  "container-unreadable": { source: "unix:///docker.sock", container: "abc", why: "expected a container" },
  "container-late": { source: "unix:///docker.sock", container: "abc" },
  "container-survived": { container: "web" },
  "container-unlisted": { source: "unix:///docker.sock", container: "web" },
  "haproxy-started": { pid: 8, version: "3.0.5" },
  "adopted": { pid: 8, version: "3.0.5" },
  "haproxy-listening": { listeners: "*:80" },
  "listeners-gone": { closes: "*:443 (TLS)", keeps: "*:80" },
  "haproxy-lost": { how: "killed by SIGKILL" },
  "haproxy-cut-off": {},
  "haproxy-printed": { line: "Proxy web has a trouble", level: "warn" },
  "config-warned": { message: "deprecated" },
  "copy-failed": { path: "/copy", why: "refused" },
  "pid-file-failed": { path: "/pid", why: "refused" },
  "certificate-fetched": {
    hosts: ["a.b"],
    until: "2027-01-01",
    authority: "https://ca.example/",
    tookMs: 900,
  },
  "certificate-failed": { hosts: ["a.b"], why: "no way", authority: "https://ca.example/", waitMs: 300_000 },
  "authority-failed": { authority: "https://ca.example/", why: "no answer", waitMs: 60_000 },
  "certificates-stuck": { why: "no space left" },
  "certificates-led": { storage: "/var/lib/signalbox" },
  "access-log-lost": { lines: 1 },
  "access-log-gap": { after: "28/Nov/2026:18:00:00.000" },
  "access-log-unmarked": { lines: 3 },
  "read-back": { routes: 1, spares: 2 },
  "changed": {
    operations: [{ kind: "set-state", section: "web.example", server, state: "ready" }],
    sinceEventMs: 3.5,
  },
  "reloaded": { reasons: [{ kind: "first-load" }], sinceEventMs: undefined },
  "reload-waits": { reasons: [{ kind: "first-load" }], waitMs: 120_000 },
  "drained": { servers: [server], sinceEventMs: 0.4 },
  "restored": { servers: [server] },
  "diverged": { detail: "No such server." },
  "drifted": { detail: "web.example is gone" },
  "behind": { why: "the new config failed", isServing: true },
  "in-step": {},
  "no-traffic": { container: "web", server, why: "web:80 refuses connections" },
};
const events = Object.entries(ALL).map(([kind, given]) => ({ kind, ...given }) as Event);

Deno.test("each event has words on one line, and fields that JSON can say", () => {
  assert.deepEqual(Object.keys(ALL), Object.keys(EVENTS));
  for (const event of events) {
    const { text, fields } = putIntoWords(event);
    assert.match(text, /^\S.*\S$/, event.kind);
    assert.doesNotMatch(text, /undefined|\[object/, event.kind);
    const said = Object.entries(fields).filter(([, value]) => value !== undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(fields)), Object.fromEntries(said));
  }
});

Deno.test("the fields that scripts read are those that docs/observing.md names", () => {
  assert.deepEqual(putIntoWords({ kind: "changed", ...ALL["changed"] }).fields, {
    operations: "set-state 1",
    of: [server],
    sinceEventMs: 3.5,
  });
  assert.deepEqual(putIntoWords({ kind: "reloaded", ...ALL["reloaded"] }).fields, {
    reasons: ["the first load by this signalbox"],
    sinceEventMs: undefined,
  });
});

Deno.test("the last fifty events are remembered, and all are counted", () => {
  const history = new History();
  const at = new Date("2026-11-28T18:00:00Z");
  for (let turn = 0; turn < 60; turn++) {
    history.note(putIntoWords({ kind: "drifted", detail: String(turn) }), at);
  }
  history.note(putIntoWords({ kind: "haproxy-printed", line: "Server a/b is DOWN", level: "warn" }), at);
  assert.equal(history.last.length, 50);
  assert.deepEqual(history.last.at(-1), {
    at: "2026-11-28T18:00:00.000Z",
    event: "drifted",
    level: "warn",
    text: "HAProxy drifted: 59; signalbox corrects it",
  });
  const counted = Object.entries(history.counts).filter(([, count]) => count > 0);
  assert.deepEqual(counted, [["haproxy-printed", 1], ["drifted", 60]]);
  assert.deepEqual(Object.keys(history.counts), Object.keys(EVENTS), "kinds that never came are 0");
});

Deno.test("status shows the last errors and warnings, and no others", () => {
  const history = new History();
  for (const event of events) history.note(putIntoWords(event), new Date("2026-11-28T18:00:00Z"));
  const text = formatStatus(statusOf({ events: history.last }));
  assert.equal(
    text.slice(text.indexOf("last troubles:")),
    [
      "last troubles:",
      "  2026-11-28T18:00:00.000Z warn: may have lost lines of the access log: the signalbox before left no mark, and 3 lines may be unread",
      "  2026-11-28T18:00:00.000Z warn: the next reload waits 120 seconds, since there were many; SIGHUP reloads at once",
      "  2026-11-28T18:00:00.000Z warn: HAProxy's state does not match ours (No such server.); reloading",
      "  2026-11-28T18:00:00.000Z warn: HAProxy drifted: web.example is gone; signalbox corrects it",
      "  2026-11-28T18:00:00.000Z error: the new config failed; HAProxy keeps the last good config, signalbox retries",
      "",
    ].join("\n"),
  );
});
