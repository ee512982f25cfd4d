import type { Counters, Statistics } from "../runtime/statistics.ts";
import { tenths } from "../values/milliseconds.ts";

/**
 * How busy something is: requests and errors a second, the average time to the first byte and of whole requests in
 * milliseconds, sessions now, and requests that wait. A list, since there are thousands.
 */
export type Load = readonly [
  perSecond: number,
  errorsPerSecond: number,
  answerMs: number,
  totalMs: number,
  sessions: number,
  queued: number,
];

/** How busy a section is, and each of its servers by name. */
export type SectionLoad = readonly [section: Load, servers: Readonly<Record<string, Load>>];

/** How busy HAProxy was between two moments. */
export type Loads = {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly seconds: number;
  readonly clients: Load;
  /** By the name of the backend in the model, wherever HAProxy serves it. */
  readonly backends: Readonly<Record<string, SectionLoad>>;
  /**
   * The times in milliseconds that half of a route's last 256 requests and 95 of 100 waited at most for the beginning of their
   * answer; absent where not every request is logged.
   */
  readonly percentiles?: Readonly<Record<string, readonly [p50: number, p95: number]>>;
};

/** A look at HAProxy's counters; `atMs` is of a clock that never goes back. */
export type Sample = { readonly atMs: number; readonly at: string; readonly statistics: Statistics };

/** Compares two looks; `bindings` has the spare that serves a backend. */
export function loadsBetween(
  before: Sample,
  after: Sample,
  bindings: ReadonlyMap<string, string>,
): Loads {
  const seconds = Math.max((after.atMs - before.atMs) / 1_000, 0.001);
  const backendOf = new Map([...bindings].map(([backend, section]) => [section, backend]));
  const backends: Record<string, SectionLoad> = Object.create(null);
  for (const [name, section] of after.statistics.sections) {
    const backend = backendOf.get(name) ?? name;
    // The section of its own that a spare has taken the place of serves it no more.
    if (backend === name && bindings.has(name)) continue;
    const old = before.statistics.sections.get(name);
    const servers: Record<string, Load> = Object.create(null);
    for (const [server, counters] of section.servers) {
      servers[server] = loadOf(old?.servers.get(server), counters, seconds);
    }
    backends[backend] = [loadOf(old, section, seconds), servers];
  }
  const clients = loadOf(before.statistics.clients, after.statistics.clients, seconds);
  return { at: after.at, seconds: tenths(seconds), clients, backends };
}

function loadOf(before: Counters | undefined, now: Counters, seconds: number): Load {
  return [
    tenths(grown(before?.requests, now.requests) / seconds),
    tenths(grown(before?.errors, now.errors) / seconds),
    now.answerMs,
    now.totalMs,
    now.sessions,
    now.queued,
  ];
}

/** A worker that a reload has started counts anew; what was not there before may have been counted long ago. */
const grown = (before: number | undefined, now: number): number =>
  before === undefined ? 0 : now < before ? now : now - before;
