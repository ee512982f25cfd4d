/** How busy HAProxy was between two looks at its counters. */
import assert from "node:assert/strict";
import type { Counters, Statistics } from "../../../lib/core/runtime/statistics.ts";
import { Latencies } from "../../../lib/core/status/latencies.ts";
import { loadsBetween, type Sample } from "../../../lib/core/status/loads.ts";

const counters = (requests: number, errors = 0, given: Partial<Counters> = {}): Counters => ({
  requests,
  errors,
  sessions: 0,
  queued: 0,
  bytesOut: 0,
  answerMs: 0,
  totalMs: 0,
  ...given,
});

type Sections = Readonly<
  Record<string, { readonly own: Counters; readonly servers: Record<string, Counters> }>
>;
function sample(atMs: number, clients: Counters, sections: Sections): Sample {
  const statistics: Statistics = {
    clients,
    sections: new Map(
      Object.entries(sections).map(([name, { own, servers }]) => [name, {
        ...own,
        servers: new Map(
          Object.entries(servers).map(([server, each]) => [server, { ...each, status: "UP" }]),
        ),
      }]),
    ),
  };
  return { atMs, at: "2026-11-28T18:00:00.000Z", statistics };
}

Deno.test("requests and errors a second are what was counted between two looks", () => {
  const before = sample(1_000, counters(100, 10), {
    shop: { own: counters(50, 5), servers: { a: counters(50, 5) } },
  });
  const now = { sessions: 3, queued: 1, answerMs: 12, totalMs: 30 };
  const after = sample(3_000, counters(300, 11), {
    shop: { own: counters(151, 5, now), servers: { a: counters(100, 5), b: counters(51) } },
  });
  const loads = loadsBetween(before, after, new Map());
  assert.equal(loads.seconds, 2);
  assert.deepEqual(loads.clients.slice(0, 2), [100, 0.5]);
  assert.deepEqual(loads.backends["shop"]?.[0], [50.5, 0, 12, 30, 3, 1]);
  // What a server had counted before it was seen for the first time may be old.
  assert.deepEqual(
    Object.entries(loads.backends["shop"]?.[1] ?? {}).map(([name, [requests]]) => [name, requests]),
    [["a", 25], ["b", 0]],
  );
});

Deno.test("after a reload HAProxy counts anew, and no rate is below zero", () => {
  const before = sample(0, counters(1_000), {
    shop: { own: counters(1_000), servers: { a: counters(1_000) } },
  });
  const after = sample(1_000, counters(20), { shop: { own: counters(20), servers: { a: counters(20) } } });
  const { clients, backends } = loadsBetween(before, after, new Map());
  assert.deepEqual([clients[0], backends["shop"]?.[0][0]], [20, 20]);
});

Deno.test("a spare counts for the backend that it serves, and the section that it took the place of does not", () => {
  const sections = (requests: number): Sections => ({
    _spare_1: { own: counters(requests), servers: { a: counters(requests) } },
    shop: { own: counters(7), servers: { old: counters(7) } },
  });
  const bindings = new Map([["shop", "_spare_1"]]);
  const { backends } = loadsBetween(
    sample(0, counters(0), sections(10)),
    sample(1_000, counters(0), sections(30)),
    bindings,
  );
  assert.deepEqual(Object.keys(backends), ["shop"]);
  assert.deepEqual(Object.keys(backends["shop"]?.[1] ?? {}), ["a"]);
  assert.equal(backends["shop"]?.[0][0], 20);
});

Deno.test("names of backends are data, whatever they are", () => {
  const own = counters(5);
  const named = { __proto__x: { own, servers: { a: own } }, constructor: { own, servers: { a: own } } };
  const { backends } = loadsBetween(sample(0, own, named), sample(1_000, own, named), new Map());
  assert.deepEqual(Object.keys(backends).sort(), ["__proto__x", "constructor"]);
  assert.equal(backends["toString"], undefined);
});

const line = (route: string, ms: number, status = 200) =>
  `10.0.0.7:54212 [28/Nov/2026:21:29:03.543] _web ${route}/${route}:4b5e57f6eb2f:80 5/1/2/${ms}/99 ${status} 209 - - ---- ` +
  `1/1/0/0/0 0/0 {${route}|-} "GET / HTTP/1.1"`;

Deno.test("percentiles are of the last requests of a route that were answered", () => {
  const latencies = new Latencies();
  latencies.note(Array.from({ length: 1_000 }, () => line("shop.example", 10_000)));
  latencies.note(Array.from({ length: 100 }, (_, at) => line("shop.example", at)));
  latencies.note(Array.from({ length: 156 }, () => line("shop.example", 0)));
  latencies.note([line("shop.example", -1, 503), line("other.example", 7), "no line of the access log"]);
  // 1 ms in the queue and 2 to connect stand before each answer; the 10,000 ms are long ago.
  assert.deepEqual(latencies.percentiles, { "shop.example": [3, 90], "other.example": [10, 10] });
});
