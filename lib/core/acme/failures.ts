import { type AcmeRecord, type AuthorityRecord, newAuthority } from "./record.ts";
import { portionOf } from "./schedule.ts";

/** Why an order came to nothing. */
export type OrderFailure = {
  /** `host`: these names cannot be had; `authority`: it is away or wants us to wait; `check`: our own look found no way here. */
  readonly fault: "host" | "authority" | "check";
  /** By host; empty for the authority's own. */
  readonly hosts: Readonly<Record<string, string>>;
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

/** The record after a failure of an order at an authority. */
export function noteFailure(
  record: AcmeRecord,
  failure: OrderFailure,
  authority: string,
  nowMs: number,
): AcmeRecord {
  const { fault, why, retryAfterMs = 0 } = failure;
  if (fault === "authority") {
    const before: AuthorityRecord = record.authorities[authority] ?? newAuthority;
    const failures = before.failures + 1;
    const waitMs = Math.max(
      waitOf(failures, AUTHORITY_WAITS_MINUTES, authority),
      Math.min(retryAfterMs, 7 * DAY_MS),
    );
    const next = { ...before, failures, untilMs: nowMs + waitMs, why };
    return { ...record, authorities: { ...record.authorities, [authority]: next } };
  }
  const hosts = { ...record.hosts };
  const waits = fault === "check" ? CHECK_WAITS_MINUTES : HOST_WAITS_MINUTES;
  for (const [host, own] of Object.entries(failure.hosts)) {
    const failures = (hosts[host]?.failures ?? 0) + 1;
    const waitMs = Math.max(waitOf(failures, waits, host), Math.min(retryAfterMs, 7 * DAY_MS));
    hosts[host] = { failures, untilMs: nowMs + waitMs, why: own };
  }
  return { ...record, hosts };
}

/** The record with an order that is begun. */
export function noteOrder(record: AcmeRecord, authority: string, nowMs: number): AcmeRecord {
  const before: AuthorityRecord = record.authorities[authority] ?? newAuthority;
  return withAuthority(record, authority, { ...before, orders: [...before.orders, nowMs] });
}

/** The record with a certificate that came. */
export function noteIssued(
  record: AcmeRecord,
  authority: string,
  names: readonly string[],
  nowMs: number,
): AcmeRecord {
  const { why: _, ...before }: AuthorityRecord = record.authorities[authority] ?? newAuthority;
  const issued = [...before.issued, [nowMs, names.toSorted().join(",")] as const];
  const next = withAuthority(record, authority, { ...before, failures: 0, untilMs: 0, issued });
  return {
    ...next,
    hosts: Object.fromEntries(Object.entries(next.hosts).filter(([host]) => !names.includes(host))),
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
