/** What is known of a host that could have no certificate. */
export type HostTrouble = {
  /** Failures in a row. */
  readonly failures: number;
  /** No order for it before this time. */
  readonly untilMs: number;
  /** When it failed last. */
  readonly lastMs: number;
  readonly why: string;
  /** Hosts with the same word here are ordered by themselves: an authority refused them together with others. */
  readonly apart?: string;
  /** When the authority failed at an order with it last: others have their turn before it. */
  readonly stalledMs?: number;
  /** Until when an authority itself wants us to wait with it, and which one. */
  readonly saidMs?: number;
  readonly saidBy?: string;
};

/** An order that was begun: when, and for whose hosts; for nobody's where it was a renewal. */
export type OrderNote = readonly [atMs: number, owner: string];

/** A certificate that came: when, its names with a comma between them, and whose hosts they are. */
export type IssuedNote = readonly [atMs: number, names: string, owner: string];

/** What is known of an authority. */
export type AuthorityRecord = {
  /** The address of our account there. */
  readonly account?: string;
  /** Failures in a row that were the authority's. */
  readonly failures: number;
  /** No order there before this time. */
  readonly untilMs: number;
  /** When the last of these failures was counted. */
  readonly failedMs?: number;
  /** Until when it wants us to wait itself. */
  readonly saidMs?: number;
  readonly why?: string;
  /** What was begun in the last hours. */
  readonly orders: readonly OrderNote[];
  /** What came in the last week. */
  readonly issued: readonly IssuedNote[];
};

/** What an authority said of when to renew a certificate (RFC 9773), by the certificate's id. */
export type Renewal = { readonly atMs: number; readonly askAgainMs: number };

/** What has to be remembered over restarts, so that no limit is broken; times are milliseconds since 1970. */
export type AcmeRecord = {
  readonly hosts: Readonly<Record<string, HostTrouble>>;
  readonly authorities: Readonly<Record<string, AuthorityRecord>>;
  readonly renewals: Readonly<Record<string, Renewal>>;
  /** A digest of what authorities are asked with: the failures are of that. */
  readonly settings?: string;
};

/** Nothing is known. */
export const emptyRecord: AcmeRecord = { hosts: {}, authorities: {}, renewals: {} };

/** Nothing is known of an authority. */
export const newAuthority: AuthorityRecord = { failures: 0, untilMs: 0, orders: [], issued: [] };

const HOUR_MS = 3_600_000;
/** For how long orders and certificates count (Let's Encrypt: 3 hours, a week). */
export const ORDERS_MS = 3 * HOUR_MS;
/** For how long a certificate counts. */
export const ISSUED_MS = 168 * HOUR_MS;
/** For how long a failure is remembered of a host that nobody routes meanwhile: who comes back goes on waiting. */
const TROUBLE_MS = 30 * HOUR_MS;
/** Hosts that nobody routes of which failures are remembered, the last ones. */
const MOST_GONE = 2_000;

/** Reads a record that was kept; what is not as it should be counts as nothing known. */
export function decodeRecord(text: string): AcmeRecord {
  const all = objectOf(parseJson(text));
  return {
    ...typeof all["settings"] === "string" && { settings: all["settings"] },
    hosts: mapOf(all["hosts"], ({ failures, untilMs, lastMs, why, apart, stalledMs, saidMs, saidBy }) => ({
      failures: numberOf(failures),
      untilMs: numberOf(untilMs),
      lastMs: numberOf(lastMs),
      why: String(why ?? ""),
      ...typeof apart === "string" && { apart },
      ...typeof stalledMs === "number" && { stalledMs: numberOf(stalledMs) },
      ...typeof saidMs === "number" && { saidMs: numberOf(saidMs) },
      ...typeof saidBy === "string" && { saidBy },
    })),
    authorities: mapOf(all["authorities"], (one) => ({
      ...typeof one["account"] === "string" && { account: one["account"] },
      failures: numberOf(one["failures"]),
      untilMs: numberOf(one["untilMs"]),
      ...typeof one["failedMs"] === "number" && { failedMs: numberOf(one["failedMs"]) },
      ...typeof one["saidMs"] === "number" && { saidMs: numberOf(one["saidMs"]) },
      ...typeof one["why"] === "string" && { why: one["why"] },
      orders: listOf(one["orders"]).map((each) => {
        // Records of older versions have the time alone.
        const [at, owner] = Array.isArray(each) ? each : [each];
        return [numberOf(at), String(owner ?? "")] as const;
      }),
      issued: listOf(one["issued"]).map((each) => {
        const [at, names, owner] = listOf(each);
        return [numberOf(at), String(names ?? ""), String(owner ?? "")] as const;
      }),
    })),
    renewals: mapOf(all["renewals"], ({ atMs, askAgainMs }) => ({
      atMs: numberOf(atMs),
      askAgainMs: numberOf(askAgainMs),
    })),
  };
}

/**
 * A record without what no longer counts: what is old, hosts that nobody has wanted for a day, certificates that are gone.
 * A container that goes and comes back would else try without end.
 */
export function pruneRecord(
  record: AcmeRecord,
  nowMs: number,
  hosts: ReadonlySet<string>,
  certificates: ReadonlySet<string>,
): AcmeRecord {
  // A time to come is one of a clock that was wrong.
  const isRecent = (at: number, ms: number) => at > nowMs - ms && at <= nowMs + HOUR_MS;
  const gone = Object.entries(record.hosts).filter(([host]) => !hosts.has(host))
    .filter(([, { untilMs, lastMs }]) => isRecent(lastMs, TROUBLE_MS) || isRecent(untilMs, TROUBLE_MS))
    .sort(([, a], [, b]) => b.lastMs - a.lastMs).slice(0, MOST_GONE);
  const kept = new Set(gone.map(([host]) => host));
  return {
    ...record,
    hosts: keep(record.hosts, (host) => hosts.has(host) || kept.has(host)),
    authorities: Object.fromEntries(
      Object.entries(record.authorities).map(([url, one]) => [url, {
        ...one,
        orders: one.orders.filter(([at]) => isRecent(at, ORDERS_MS)),
        issued: one.issued.filter(([at]) => isRecent(at, ISSUED_MS)),
      }]),
    ),
    renewals: keep(record.renewals, (id) => certificates.has(id)),
  };
}

const keep = <T>(all: Readonly<Record<string, T>>, isKept: (name: string, value: T) => boolean) =>
  Object.fromEntries(Object.entries(all).filter(([name, value]) => isKept(name, value)));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : [];
const numberOf = (value: unknown): number => typeof value === "number" && Number.isFinite(value) ? value : 0;
const mapOf = <T>(value: unknown, read: (one: Readonly<Record<string, unknown>>) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(objectOf(value)).map(([name, one]) => [name, read(objectOf(one))]));
