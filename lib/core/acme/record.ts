/** What is known of a host that could have no certificate. */
export type HostTrouble = {
  /** Failures in a row. */
  readonly failures: number;
  /** No order for it before this time. */
  readonly untilMs: number;
  readonly why: string;
};

/** What is known of an authority. */
export type AuthorityRecord = {
  /** The address of our account there. */
  readonly account?: string;
  /** Failures in a row that were the authority's. */
  readonly failures: number;
  /** No order there before this time. */
  readonly untilMs: number;
  readonly why?: string;
  /** When orders were begun, of the last hours. */
  readonly orders: readonly number[];
  /** What was issued in the last week: the time, and its names with a comma between them. */
  readonly issued: readonly (readonly [atMs: number, names: string])[];
};

/** What an authority said of when to renew a certificate (RFC 9773), by the certificate's id. */
export type Renewal = { readonly atMs: number; readonly askAgainMs: number };

/** What has to be remembered over restarts, so that no limit is broken; times are milliseconds since 1970. */
export type AcmeRecord = {
  readonly hosts: Readonly<Record<string, HostTrouble>>;
  readonly authorities: Readonly<Record<string, AuthorityRecord>>;
  readonly renewals: Readonly<Record<string, Renewal>>;
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

/** Reads a record that was kept; what is not as it should be counts as nothing known. */
export function decodeRecord(text: string): AcmeRecord {
  const all = objectOf(parseJson(text));
  return {
    hosts: mapOf(all["hosts"], ({ failures, untilMs, why }) => ({
      failures: numberOf(failures),
      untilMs: numberOf(untilMs),
      why: String(why ?? ""),
    })),
    authorities: mapOf(all["authorities"], (one) => ({
      ...typeof one["account"] === "string" && { account: one["account"] },
      failures: numberOf(one["failures"]),
      untilMs: numberOf(one["untilMs"]),
      ...typeof one["why"] === "string" && { why: one["why"] },
      orders: listOf(one["orders"]).map(numberOf),
      issued: listOf(one["issued"]).map((pair) => {
        const [at, names] = listOf(pair);
        return [numberOf(at), String(names ?? "")] as const;
      }),
    })),
    renewals: mapOf(all["renewals"], ({ atMs, askAgainMs }) => ({
      atMs: numberOf(atMs),
      askAgainMs: numberOf(askAgainMs),
    })),
  };
}

/** A record without what no longer counts: what is old, hosts that nobody wants, certificates that are gone. */
export function pruneRecord(
  record: AcmeRecord,
  nowMs: number,
  hosts: ReadonlySet<string>,
  certificates: ReadonlySet<string>,
): AcmeRecord {
  // A time to come is one of a clock that was wrong.
  const isRecent = (at: number, ms: number) => at > nowMs - ms && at <= nowMs + HOUR_MS;
  return {
    hosts: keep(record.hosts, (host, { untilMs }) => hosts.has(host) || untilMs > nowMs),
    authorities: Object.fromEntries(
      Object.entries(record.authorities).map(([url, one]) => [url, {
        ...one,
        orders: one.orders.filter((at) => isRecent(at, ORDERS_MS)),
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
