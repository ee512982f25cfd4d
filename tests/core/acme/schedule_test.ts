/** When which certificate is asked for, with time in the test's hands. */
import assert from "node:assert/strict";
import { noteFailure, noteIssued, noteOrder } from "../../../lib/core/acme/failures.ts";
import { domainOf } from "../../../lib/core/acme/domain.ts";
import { type AcmeRecord, decodeRecord, emptyRecord, pruneRecord } from "../../../lib/core/acme/record.ts";
import { type Held, renewAtMs, scheduleOf, type Situation } from "../../../lib/core/acme/schedule.ts";
import type { Want } from "../../../lib/core/acme/wanted.ts";
import { LETS_ENCRYPT } from "../../../lib/core/settings/acme_values.ts";
import type { HostName } from "../../../lib/core/values/names.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2027, 0, 1);
const OTHER = "https://other.example/dir";

const want = (...hosts: readonly string[]): Want => ({
  name: hosts[0] ?? "",
  hosts: hosts as readonly HostName[],
  owner: hosts[0] ?? "",
});
const held = (names: readonly string[], ageDays: number, lifeDays = 90, more: Partial<Held> = {}): Held => ({
  name: names[0] ?? "",
  names,
  fromMs: NOW - ageDays * DAY,
  untilMs: NOW + (lifeDays - ageDays) * DAY,
  ...more,
});
const situation = (given: Partial<Situation>): Situation => ({
  wants: [],
  held: [],
  record: emptyRecord,
  nowMs: NOW,
  authorities: [LETS_ENCRYPT],
  ...given,
});
const ordered = (given: Partial<Situation>) => scheduleOf(situation(given)).orders.map(({ hosts }) => hosts);

Deno.test("hosts without a certificate are asked for, with the others of theirs in one", () => {
  const wants = [want("a.com", "www.a.com"), want("b.com")];
  assert.deepEqual(ordered({ wants }), [["a.com", "www.a.com"], ["b.com"]]);
  assert.deepEqual(ordered({ wants, held: [held(["a.com"], 1), held(["b.com"], 1)] }), [[
    "a.com",
    "www.a.com",
  ]]);
  assert.deepEqual(ordered({ wants, held: [held(["a.com", "www.a.com", "b.com", "old.com"], 1)] }), []);
});

Deno.test("a wildcard serves the names right below it, and no others", () => {
  const wildcard = held(["*.a.com"], 1);
  assert.deepEqual(ordered({ wants: [want("x.a.com")], held: [wildcard] }), []);
  assert.deepEqual(ordered({ wants: [want("a.com"), want("x.y.a.com")], held: [wildcard] }), [["a.com"], [
    "x.y.a.com",
  ]]);
});

Deno.test("a host with a certificate of the operator's is not asked for", () => {
  const wants = [want("a.com", "b.a.com")];
  assert.deepEqual(ordered({ wants, isGiven: (host) => host === "a.com" }), [["b.a.com"]]);
});

Deno.test("a certificate is renewed after two thirds of its time, each at a moment of its own, six-day ones too", () => {
  for (const life of [90, 6, 45, 398]) {
    const one = held(["a.com"], 0, life);
    const at = renewAtMs(one, situation({}));
    assert.ok(at >= one.fromMs + life * DAY * 2 / 3 && at <= one.fromMs + life * DAY * 0.72, `${life} days`);
    assert.deepEqual(ordered({ wants: [want("a.com")], held: [one], nowMs: at - 1 }), []);
    assert.deepEqual(ordered({ wants: [want("a.com")], held: [one], nowMs: at }), [["a.com"]]);
  }
  const times = ["a.com", "b.com", "c.com", "d.com"].map((name) => renewAtMs(held([name], 0), situation({})));
  assert.equal(new Set(times).size, 4);
});

Deno.test("what the authority says of renewing counts, as long as it was heard of lately", () => {
  const one = held(["a.com"], 1, 90, { id: "x.y", authority: LETS_ENCRYPT });
  const record = { ...emptyRecord, renewals: { "x.y": { atMs: NOW - 1, askAgainMs: NOW + HOUR } } };
  const wants = [want("a.com")];
  assert.equal(scheduleOf(situation({ wants, held: [one], record })).orders[0]?.replaces, "x.y");
  assert.deepEqual(ordered({ wants, held: [one], record, nowMs: NOW + 3 * DAY }), [], "it is days old");
  const late = { ...emptyRecord, renewals: { "x.y": { atMs: one.untilMs + DAY, askAgainMs: NOW + HOUR } } };
  assert.equal(renewAtMs(one, situation({ record: late })), one.untilMs);
});

Deno.test("a host that failed waits from minutes to a day, and the others go on without it", () => {
  let record: AcmeRecord = emptyRecord;
  let now = NOW;
  const waits: number[] = [];
  const wants = [want("a.com", "bad.a.com")];
  for (let at = 0; at < 9; at++) {
    record = noteFailure(
      record,
      { fault: "host", hosts: { "bad.a.com": "no" }, why: "no" },
      LETS_ENCRYPT,
      now,
    );
    assert.deepEqual(ordered({ wants, record, nowMs: now }), [["a.com"]]);
    const next = scheduleOf(situation({ wants, record, nowMs: now, held: [held(["a.com"], 1)] }));
    assert.deepEqual(next.waiting.map(({ hosts, why }) => [hosts, why]), [[["bad.a.com"], "no"]]);
    waits.push((record.hosts["bad.a.com"]?.untilMs ?? 0) - now);
    now += waits.at(-1) ?? 0;
  }
  assert.ok((waits[0] ?? 0) >= 5 * MINUTE && (waits[0] ?? 0) <= 6 * MINUTE);
  assert.ok((waits.at(-1) ?? 0) >= DAY && (waits.at(-1) ?? 0) <= 1.1 * DAY);
  assert.ok(
    waits.slice(0, 4).reduce((sum, wait) => sum + wait, 0) > HOUR,
    "five failures of a host take more than an hour",
  );
  assert.deepEqual(ordered({ wants, record, nowMs: now }), [["a.com", "bad.a.com"]]);
});

Deno.test("what the authority says of when to come back is obeyed, for a host and for all", () => {
  const failure = { why: "slow down", retryAfterMs: 2 * DAY };
  const one = noteFailure(
    emptyRecord,
    { ...failure, fault: "host", hosts: { "a.com": "slow" } },
    LETS_ENCRYPT,
    NOW,
  );
  const wants = [want("a.com"), want("b.com")];
  assert.deepEqual(ordered({ wants, record: one, nowMs: NOW + 2 * DAY - 1 }), [["b.com"]]);
  const all = noteFailure(emptyRecord, { ...failure, fault: "authority", hosts: {} }, LETS_ENCRYPT, NOW);
  const { orders, waiting, nextMs } = scheduleOf(situation({ wants, record: all }));
  assert.deepEqual([orders, waiting.map(({ why }) => why), nextMs], [
    [],
    ["slow down", "slow down"],
    NOW + HOUR,
  ]);
  assert.deepEqual(ordered({ wants, record: all, nowMs: NOW + 2 * DAY }).length, 2);
});

Deno.test("while one authority is away, another one is asked; a host that one refuses again and again is asked of the other", () => {
  const wants = [want("a.com")];
  const authorities = [LETS_ENCRYPT, OTHER];
  const chosen = (record: AcmeRecord, nowMs = NOW) =>
    scheduleOf(situation({ wants, authorities, record, nowMs })).orders[0]?.authority;
  assert.equal(chosen(emptyRecord), LETS_ENCRYPT);
  const away = noteFailure(emptyRecord, { fault: "authority", hosts: {}, why: "away" }, LETS_ENCRYPT, NOW);
  assert.equal(chosen(away), OTHER);
  assert.equal(chosen(away, NOW + 2 * MINUTE), LETS_ENCRYPT);
  let refused = emptyRecord;
  const asked = [];
  for (let at = 0, now = NOW; at < 6; at++, now += 2 * DAY) {
    asked.push(chosen(refused, now));
    refused = noteFailure(refused, { fault: "host", hosts: { "a.com": "no" }, why: "no" }, LETS_ENCRYPT, now);
  }
  assert.deepEqual(new Set(asked), new Set(authorities));
});

Deno.test("Let's Encrypt's limits are kept: orders, certificates of a domain and of the same names", () => {
  const wants = Array.from({ length: 500 }, (_, at) => want(`h${at}.d${at}.com`));
  let record: AcmeRecord = emptyRecord;
  let now = NOW;
  let done = 0;
  const perWindow: number[] = [];
  while (done < 500) {
    const { orders, nextMs } = scheduleOf(situation({ wants: wants.slice(done), record, nowMs: now }));
    for (const { hosts, owner } of orders) {
      record = noteIssued(noteOrder(record, LETS_ENCRYPT, now, owner), LETS_ENCRYPT, hosts, now, owner);
    }
    if (orders.length > 0) perWindow.push(orders.length);
    done += orders.length;
    now = Math.max(nextMs, now + 1);
  }
  assert.deepEqual(perWindow, [220, 220, 60]);
  assert.ok(now - NOW >= 6 * HOUR);
  const one = Array.from({ length: 60 }, (_, at) => want(`h${at}.example.co.uk`));
  assert.equal(ordered({ wants: one }).length, 48);
  assert.equal(
    ordered({ wants: one, held: one.map(({ hosts }) => held(hosts, 80)) }).length,
    60,
    "renewals are free",
  );
  assert.equal(ordered({ wants: one, authorities: [OTHER] }).length, 60);
  let same: AcmeRecord = emptyRecord;
  for (let at = 0; at < 4; at++) same = noteIssued(same, LETS_ENCRYPT, ["a.com"], NOW - at * HOUR);
  assert.deepEqual(ordered({ wants: [want("a.com")], record: same }), []);
});

Deno.test("what is served is renewed before nobody has it, and the most urgent comes first", () => {
  const wants = [want("old.com"), want("new.com"), want("older.com")];
  assert.deepEqual(ordered({ wants, held: [held(["old.com"], 70), held(["older.com"], 80)] }), [
    ["older.com"],
    ["old.com"],
    ["new.com"],
  ]);
});

Deno.test("hosts that fail again and again leave a part of the orders to renewals, and one container's leave some to others", () => {
  const owned = (owner: string, count: number): Want[] =>
    Array.from({ length: count }, (_, at) => ({ ...want(`h${at}.${owner}.com`), owner }));
  const hostile = [...owned("one", 200), ...owned("two", 200), ...owned("three", 200), ...owned("four", 200)];
  let record: AcmeRecord = emptyRecord;
  for (const { owner } of scheduleOf(situation({ wants: hostile })).orders) {
    record = noteOrder(record, LETS_ENCRYPT, NOW, owner);
  }
  const spent = record.authorities[LETS_ENCRYPT]?.orders ?? [];
  const count = (owner: string) => spent.filter(([, whose]) => whose === owner).length;
  assert.deepEqual(["one", "two", "three", "four"].map(count).sort(), [24, 24, 24, 24], "of one domain each");
  const apart = Array.from({ length: 300 }, (_, at) => ({ ...want(`h.d${at}.com`), owner: `${at % 5}` }));
  record = emptyRecord;
  for (const { owner } of scheduleOf(situation({ wants: apart })).orders) {
    record = noteOrder(record, LETS_ENCRYPT, NOW, owner);
  }
  const all = record.authorities[LETS_ENCRYPT]?.orders ?? [];
  assert.equal(all.length, 220);
  const one = apart.map((each) => ({ ...each, owner: "hostile" }));
  assert.equal(ordered({ wants: one }).length, 60);
  const due = [want("due.net"), want("fresh.net")];
  const { orders, waiting } = scheduleOf(situation({ wants: due, record, held: [held(["due.net"], 80)] }));
  assert.deepEqual(orders.map(({ hosts, isRenewal }) => [hosts, isRenewal]), [[["due.net"], true]]);
  assert.match(waiting[0]?.why ?? "", /some are kept for renewals/);
});

Deno.test("hosts that are refused together are asked for in halves, until the one at fault is alone and waits", () => {
  const hosts = Array.from({ length: 20 }, (_, at) => `h${at}.a.com`);
  const wants = [want(...hosts)];
  let record: AcmeRecord = emptyRecord;
  const shelf: Held[] = [];
  let count = 0;
  for (;; count++) {
    const [order, ...others] = scheduleOf(situation({ wants, record, held: shelf })).orders;
    if (order === undefined) break;
    assert.deepEqual(others, [], "one part after the other");
    if (order.hosts.includes("h7.a.com")) {
      const all = Object.fromEntries(order.hosts.map((host) => [host, "refused"]));
      record = noteFailure(
        record,
        { fault: "host", hosts: all, isUnnamed: true, why: "refused" },
        OTHER,
        NOW,
      );
    } else {
      record = noteIssued(record, OTHER, order.hosts, NOW);
      shelf.push(held(order.hosts, 0, 90, { name: `${count}` }));
    }
  }
  assert.deepEqual(
    shelf.flatMap(({ names }) => names).toSorted(),
    hosts.filter((host) => host !== "h7.a.com").toSorted(),
  );
  assert.ok(count <= 11, `${count} orders`);
  const { waiting } = scheduleOf(situation({ wants, record, held: shelf }));
  assert.deepEqual(waiting.map(({ hosts }) => hosts), [["h7.a.com"]]);
  assert.deepEqual(Object.keys(record.hosts), ["h7.a.com"]);
  // When its time has come it is asked for by itself: the others would fail with it.
  assert.deepEqual(ordered({ wants, record, held: shelf, nowMs: NOW + HOUR }), [["h7.a.com"]]);
});

Deno.test("orders that fail of one cause count once, and the next failure counts again", () => {
  const failure = { fault: "authority", hosts: {}, why: "away" } as const;
  let record: AcmeRecord = emptyRecord;
  for (let at = 0; at < 4; at++) record = noteFailure(record, failure, OTHER, NOW + at * 1_000, NOW - 1_000);
  assert.equal(record.authorities[OTHER]?.failures, 1);
  assert.ok((record.authorities[OTHER]?.untilMs ?? 0) < NOW + 2 * MINUTE);
  record = noteFailure(record, failure, OTHER, NOW + 3 * MINUTE, NOW + 2 * MINUTE);
  assert.equal(record.authorities[OTHER]?.failures, 2);
  // A clock that was set back: what it noted of a time to come hides no failure.
  record = noteFailure(record, failure, OTHER, NOW - DAY, NOW - DAY);
  assert.equal(record.authorities[OTHER]?.failures, 3);
});

Deno.test("a host at which the authority itself fails each time keeps no others waiting, renewals among them", () => {
  const wants = [want("a.com"), want("b.com"), want("c.com")];
  const own = [held(["a.com"], 80)];
  const first = (record: AcmeRecord, nowMs = NOW) => ordered({ wants, held: own, record, nowMs })[0];
  assert.deepEqual(first(emptyRecord), ["a.com"]);
  const away = { fault: "authority", hosts: {}, why: "status 500" } as const;
  let record = noteFailure(emptyRecord, away, LETS_ENCRYPT, NOW, NOW, ["a.com"]);
  assert.deepEqual(ordered({ wants, held: own, record }), []);
  const later = NOW + 2 * MINUTE;
  assert.deepEqual(first(record, later), ["b.com"]);
  record = noteFailure(decodeRecord(JSON.stringify(record)), away, LETS_ENCRYPT, later, later, ["b.com"]);
  assert.deepEqual(first(record, later + 5 * MINUTE), ["c.com"]);
  record = noteIssued(record, LETS_ENCRYPT, ["c.com"], later + 5 * MINUTE);
  const after = ordered({ wants: wants.slice(0, 2), held: own, record, nowMs: later + 5 * MINUTE });
  assert.deepEqual(after, [["a.com"], ["b.com"]], "the one of the longest ago first, and at once");
});

Deno.test("a host that goes and comes back within a day goes on waiting, however many others come and go", () => {
  let record = noteFailure(emptyRecord, { fault: "host", hosts: { "bad.com": "no" }, why: "no" }, OTHER, NOW);
  for (let hour = 1; hour <= 23; hour++) {
    record = pruneRecord(record, NOW + hour * HOUR, new Set(), new Set());
  }
  const again = decodeRecord(JSON.stringify(record));
  assert.equal(again.hosts["bad.com"]?.failures, 1);
  const second = noteFailure(
    again,
    { fault: "host", hosts: { "bad.com": "no" }, why: "no" },
    OTHER,
    NOW + DAY,
  );
  assert.equal(second.hosts["bad.com"]?.failures, 2);
  const many = Object.fromEntries(Array.from({ length: 9_999 }, (_, at) => [`h${at}.com`, "no"]));
  const full = noteFailure(record, { fault: "host", hosts: many, why: "no" }, OTHER, NOW + HOUR);
  assert.equal(
    Object.keys(pruneRecord(full, NOW + HOUR, new Set(["bad.com"]), new Set()).hosts).length,
    2_001,
  );
  assert.deepEqual(pruneRecord(record, NOW + 2 * DAY, new Set(), new Set()).hosts, {});
});

Deno.test("a clock that was wrong stops nothing: what it noted of a time far off does not count", () => {
  const future = NOW + 4_000 * DAY;
  let record = noteFailure(
    emptyRecord,
    { fault: "host", hosts: { "a.com": "no" }, why: "no" },
    LETS_ENCRYPT,
    future,
  );
  record = noteFailure(record, { fault: "authority", hosts: {}, why: "away" }, LETS_ENCRYPT, future);
  for (let at = 0; at < 300; at++) record = noteOrder(record, LETS_ENCRYPT, future);
  const pruned = pruneRecord(record, NOW, new Set(["a.com"]), new Set());
  assert.deepEqual(ordered({ wants: [want("a.com")], record: pruned }), [["a.com"]]);
  assert.deepEqual(ordered({ wants: [want("a.com")], held: [held(["a.com"], -10)] }), [], "it is for later");
});

Deno.test("the record forgets what is old, and hosts and certificates that are gone", () => {
  let record = noteIssued(noteOrder(emptyRecord, OTHER, NOW), OTHER, ["a.com"], NOW);
  record = noteFailure(record, { fault: "check", hosts: { "b.com": "no" }, why: "no" }, OTHER, NOW);
  record = { ...record, renewals: { "x.y": { atMs: 1, askAgainMs: 2 } } };
  const later = pruneRecord(record, NOW + 8 * DAY, new Set(), new Set());
  assert.deepEqual(later, {
    hosts: {},
    authorities: { [OTHER]: { failures: 0, untilMs: 0, orders: [], issued: [] } },
    renewals: {},
  });
});

Deno.test("the domain that somebody registered is told as far as it can be", () => {
  assert.deepEqual(
    ["a.b.example.com", "example.com", "x.example.co.uk", "example.de", "www.example.de"].map(domainOf),
    [
      "example.com",
      "example.com",
      "example.co.uk",
      "example.de",
      "example.de",
    ],
  );
});
