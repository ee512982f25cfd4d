import { domainOf } from "./domain.ts";
import {
  type AcmeRecord,
  type AuthorityRecord,
  ISSUED_MS,
  type IssuedNote,
  newAuthority,
  type OrderNote,
  ORDERS_MS,
} from "./record.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * What an authority lets one account do (https://letsencrypt.org/docs/rate-limits), with some room left. What hosts that have
 * no certificate yet may use of it is less, so that renewals never wait for them, and one owner's hosts may use a part of that.
 */
const LIMITS = {
  orders: 280,
  ordersOfNew: 220,
  ordersOfOwner: 60,
  certificatesOfDomain: 48,
  certificatesOfOwner: 24,
  duplicates: 4,
};

/** What limits are looked at for. */
export type Wish = {
  readonly hosts: readonly string[];
  readonly owner: string;
  readonly isRenewal: boolean;
  /** There was a certificate before with some of these names. */
  readonly hasHad: boolean;
};

/** What decides about limits; times are milliseconds since 1970. */
type Standing = {
  readonly record: AcmeRecord;
  readonly nowMs: number;
  readonly authorities: readonly string[];
};

/** Until when nothing is ordered, and why. */
type Wait = { readonly untilMs: number; readonly why: string };

/** Whether a time is still to come; one that is too far off is that of a clock which was wrong. */
export const isAhead = (untilMs: number, nowMs: number): boolean =>
  untilMs > nowMs && untilMs < nowMs + 8 * DAY_MS;

/** What of the authorities' limits is used up, with the orders that are made now. */
export class Spent {
  readonly #now = new Map<string, { orders: OrderNote[]; issued: IssuedNote[] }>();

  constructor(private readonly standing: Standing) {}

  /** The first authority that may get an order now and notes the order; else why none may, and until when. */
  authorityFor(wish: Wish): string | Wait {
    const { authorities, record, nowMs } = this.standing;
    const failures = Math.max(0, ...wish.hosts.map((host) => record.hosts[host]?.failures ?? 0));
    // What one authority refused again and again, another may take.
    const first = failures < 2 ? 0 : failures % authorities.length;
    const inTurn = [...authorities.slice(first), ...authorities.slice(0, first)];
    const waits = inTurn.map((url) => ({ url, wait: this.#waitAt(url, wish) }));
    const free = waits.find(({ wait }) => wait === undefined);
    if (free !== undefined) {
      const spent = this.#spentAt(free.url);
      spent.orders.push([nowMs, ownerOf(wish)]);
      spent.issued.push([nowMs, wish.hosts.toSorted().join(","), ownerOf(wish)]);
      return free.url;
    }
    const soonest = waits.map(({ wait }) => wait).filter((wait) => wait !== undefined)
      .sort((a, b) => a.untilMs - b.untilMs)[0];
    return soonest ?? { untilMs: nowMs + HOUR_MS, why: "there is no authority" };
  }

  #spentAt(url: string) {
    const before = this.#now.get(url);
    if (before !== undefined) return before;
    const spent = { orders: [], issued: [] };
    this.#now.set(url, spent);
    return spent;
  }

  #waitAt(url: string, wish: Wish): Wait | undefined {
    const { record, nowMs } = this.standing;
    const known: AuthorityRecord = record.authorities[url] ?? newAuthority;
    if (isAhead(known.untilMs, nowMs)) {
      return { untilMs: known.untilMs, why: known.why ?? "the authority does not answer" };
    }
    if (!/(?:^|\.)letsencrypt\.org$/.test(new URL(url).hostname)) return undefined;
    const more = this.#spentAt(url);
    const orders = [...known.orders.filter(([at]) => at > nowMs - ORDERS_MS), ...more.orders];
    const issued = [...known.issued.filter(([at]) => at > nowMs - ISSUED_MS), ...more.issued];
    return waitOfOrders(orders, wish) ?? waitOfIssued(issued, wish);
  }
}

/** Whose an order is; nobody's where it is a renewal. */
export const ownerOf = ({ owner, isRenewal }: Pick<Wish, "owner" | "isRenewal">): string =>
  isRenewal ? "" : owner;

function waitOfOrders(orders: readonly OrderNote[], { owner, isRenewal }: Wish): Wait | undefined {
  const wait = (those: readonly OrderNote[], most: number, why: string) =>
    those.length < most ? undefined : { untilMs: endOf(those, ORDERS_MS), why };
  const all = wait(orders, LIMITS.orders, "the authority takes 300 orders in 3 hours");
  if (all !== undefined || isRenewal) return all;
  const others = orders.filter(([, whose]) => whose !== "");
  return wait(
    others,
    LIMITS.ordersOfNew,
    "the authority takes 300 orders in 3 hours, and some are kept for renewals",
  ) ?? wait(
    orders.filter(([, whose]) => whose === owner),
    LIMITS.ordersOfOwner,
    `the hosts of one container have ${LIMITS.ordersOfOwner} of the orders that the authority takes in 3 hours`,
  );
}

function waitOfIssued(
  issued: readonly IssuedNote[],
  { hosts, owner, hasHad, isRenewal }: Wish,
): Wait | undefined {
  const names = hosts.toSorted().join(",");
  const same = issued.filter(([, those]) => those === names);
  if (same.length >= LIMITS.duplicates) {
    const why = "the authority gives 5 certificates for the same names in a week";
    return { untilMs: endOf(same, ISSUED_MS), why };
  }
  for (const domain of hasHad || isRenewal ? [] : new Set(hosts.map(domainOf))) {
    const all = issued.filter(([, those]) => those.split(",").some((host) => domainOf(host) === domain));
    const own = all.filter(([, , whose]) => whose === owner);
    const why = `the authority gives 50 certificates for ${domain} in a week`;
    if (all.length >= LIMITS.certificatesOfDomain) return { untilMs: endOf(all, ISSUED_MS), why };
    if (own.length >= LIMITS.certificatesOfOwner) {
      const part = `${LIMITS.certificatesOfOwner} of them are for one container`;
      return { untilMs: endOf(own, ISSUED_MS), why: `${why}, and ${part}` };
    }
  }
  return undefined;
}

/** When the first of them no longer counts. */
const endOf = (notes: readonly (readonly [number, ...unknown[]])[], ms: number): number =>
  Math.min(...notes.map(([at]) => at)) + ms;
