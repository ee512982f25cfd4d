import { type AcmeRecord, type AuthorityRecord, type HostTrouble, newAuthority } from "./record.ts";
import { portionOf } from "./schedule.ts";

/** Why an order came to nothing. */
export type OrderFailure = {
  /** `host`: these names cannot be had; `authority`: it is away or wants us to wait; `check`: our own look found no way here. */
  readonly fault: "host" | "authority" | "check";
  /** By host; empty for the authority's own. */
  readonly hosts: Readonly<Record<string, string>>;
  /** The authority refused all of them together, and did not say which of them is at fault. */
  readonly isUnnamed?: boolean;
  readonly why: string;
  /** How long the authority wants us to wait. */
  readonly retryAfterMs?: number | undefined;
};

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** How long the nth failure is waited for: an authority takes five an hour for a host. */
const HOST_WAITS_MINUTES = [5, 15, 45, 120, 360, 1_080, 1_440];
/** Our own look costs nobody anything: a new name takes its time to be known. */
const CHECK_WAITS_MINUTES = [0.5, 1, 2, 5, 10, 15];
const AUTHORITY_WAITS_MINUTES = [1, 2, 5, 15, 30, 60];

/**
 * The record after a failure of an order at an authority, which was begun at a time. `tried` are the order's hosts: one at which
 * an authority fails each time keeps no others from being ordered.
 */
export function noteFailure(
  record: AcmeRecord,
  failure: OrderFailure,
  authority: string,
  nowMs: number,
  begunMs = nowMs,
  tried: readonly string[] = [],
): AcmeRecord {
  if (failure.fault === "authority") {
    const before = record.authorities[authority] ?? newAuthority;
    const stalled = { ...record, hosts: { ...record.hosts, ...stalledOf(record, failure, tried, nowMs) } };
    return withAuthority(stalled, authority, failedAuthority(before, failure, authority, nowMs, begunMs));
  }
  const hosts = { ...record.hosts };
  if (isToSplit(failure)) {
    const all = Object.keys(failure.hosts);
    const middle = Math.ceil(all.length / 2);
    for (const half of [all.slice(0, middle), all.slice(middle)]) {
      for (const host of half) {
        hosts[host] = {
          ...partOf(host, half[0] ?? host, hosts[host], failure, nowMs),
          ...saidOf(failure, authority, nowMs),
        };
      }
    }
    return { ...record, hosts };
  }
  const waits = failure.fault === "check" ? CHECK_WAITS_MINUTES : HOST_WAITS_MINUTES;
  for (const [host, why] of Object.entries(failure.hosts)) {
    const failures = (hosts[host]?.failures ?? 0) + 1;
    const apart = failure.isUnnamed === true ? host : hosts[host]?.apart;
    const untilMs = nowMs + Math.max(waitOf(failures, waits, host), longestOf(failure));
    const said = saidOf(failure, authority, nowMs) ?? saidBefore(hosts[host]);
    hosts[host] = { failures, untilMs, lastMs: nowMs, why, ...apart !== undefined && { apart }, ...said };
  }
  return { ...record, hosts };
}

function stalledOf({ hosts }: AcmeRecord, { why }: OrderFailure, tried: readonly string[], nowMs: number) {
  const stalled = tried.map((host): [string, HostTrouble] => {
    const before = hosts[host] ?? { failures: 0, untilMs: 0 };
    return [host, { ...before, lastMs: nowMs, why, stalledMs: nowMs }];
  });
  return Object.fromEntries(stalled);
}

/** Whether the hosts of a failure are ordered in two halves next, until those at fault are alone. */
export const isToSplit = ({ fault, hosts, isUnnamed }: OrderFailure): boolean =>
  fault === "host" && isUnnamed === true && Object.keys(hosts).length > 1;

/** Until when the authority itself wants us to wait; `undefined` where it says nothing. */
const saidOf = (failure: OrderFailure, saidBy: string, nowMs: number) =>
  longestOf(failure) === 0 ? undefined : { saidMs: nowMs + longestOf(failure), saidBy };

const saidBefore = ({ saidMs, saidBy }: Pick<HostTrouble, "saidMs" | "saidBy"> = {}) =>
  saidMs === undefined || saidBy === undefined ? undefined : { saidMs, saidBy };

/** How long the authority itself wants us to wait, in milliseconds. */
const longestOf = ({ retryAfterMs = 0 }: OrderFailure): number => Math.min(retryAfterMs, 7 * DAY_MS);

function failedAuthority(
  before: AuthorityRecord,
  failure: OrderFailure,
  authority: string,
  nowMs: number,
  begunMs: number,
): AuthorityRecord {
  const { failedMs } = before;
  // Orders of the same moment fail of one cause; a time to come is one of a clock that was wrong.
  const isCounted = failedMs !== undefined && begunMs <= failedMs && failedMs <= nowMs;
  const saidMs = Math.max(before.saidMs ?? 0, saidOf(failure, authority, nowMs)?.saidMs ?? 0);
  const said = saidMs === 0 ? undefined : { saidMs };
  if (isCounted) return { ...before, untilMs: Math.max(before.untilMs, nowMs + longestOf(failure)), ...said };
  const failures = before.failures + 1;
  const waitMs = Math.max(waitOf(failures, AUTHORITY_WAITS_MINUTES, authority), longestOf(failure));
  return { ...before, failures, untilMs: nowMs + waitMs, failedMs: nowMs, why: failure.why, ...said };
}

/** A host in one half of those that were refused together: it has not failed by itself yet. */
function partOf(
  host: string,
  apart: string,
  before: HostTrouble | undefined,
  failure: OrderFailure,
  nowMs: number,
): HostTrouble {
  const why = failure.hosts[host] ?? failure.why;
  return {
    failures: before?.failures ?? 0,
    untilMs: nowMs + longestOf(failure),
    lastMs: nowMs,
    why,
    apart,
  };
}

/** The record with an order that is begun for somebody's hosts; for nobody's where it is a renewal. */
export function noteOrder(record: AcmeRecord, authority: string, nowMs: number, owner = ""): AcmeRecord {
  const before: AuthorityRecord = record.authorities[authority] ?? newAuthority;
  return withAuthority(record, authority, { ...before, orders: [...before.orders, [nowMs, owner]] });
}

/** The record with a certificate that came. */
export function noteIssued(
  record: AcmeRecord,
  authority: string,
  names: readonly string[],
  nowMs: number,
  owner = "",
): AcmeRecord {
  const { why: _, failedMs: __, saidMs: ___, ...before }: AuthorityRecord = record.authorities[authority] ??
    newAuthority;
  const issued = [...before.issued, [nowMs, names.toSorted().join(","), owner] as const];
  const next = withAuthority(record, authority, { ...before, failures: 0, untilMs: 0, issued });
  return {
    ...next,
    hosts: Object.fromEntries(Object.entries(next.hosts).filter(([host]) => !names.includes(host))),
  };
}

/**
 * The record for what authorities are asked with now, as a digest. Where that has changed, what failed before is tried at once:
 * only a time that an authority said itself holds on, where that one is still asked. What was not noted is not known to have changed.
 */
export function noteSettings(
  record: AcmeRecord,
  settings: string,
  directories: readonly string[],
): AcmeRecord {
  if (record.settings === settings) return record;
  if (record.settings === undefined) return { ...record, settings };
  const hosts = Object.entries(record.hosts).map(([host, trouble]) => {
    const { saidMs = 0, saidBy = "" } = trouble;
    return [host, { ...trouble, untilMs: directories.includes(saidBy) ? saidMs : 0 }] as const;
  });
  const authorities = Object.entries(record.authorities).map(([url, one]) =>
    [url, { ...one, failures: 0, untilMs: one.saidMs ?? 0 }] as const
  );
  return {
    ...record,
    settings,
    hosts: Object.fromEntries(hosts),
    authorities: Object.fromEntries(authorities),
  };
}

/** The record with something new about an authority. */
export const withAuthority = (record: AcmeRecord, url: string, one: AuthorityRecord): AcmeRecord => ({
  ...record,
  authorities: { ...record.authorities, [url]: one },
});

/** In milliseconds, with up to a tenth more for each its own, so that not all come back at once. */
function waitOf(failures: number, minutes: readonly number[], who: string): number {
  const whole = minutes[Math.min(failures, minutes.length) - 1] ?? 1_440;
  return Math.round(whole * MINUTE_MS * (1 + portionOf(who) / 10));
}
