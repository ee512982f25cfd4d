import { type AcmeRecord, type AuthorityRecord, ISSUED_MS, newAuthority, ORDERS_MS } from "./record.ts";
import { namesFor, type Want } from "./wanted.ts";
import { sha256 } from "../values/sha256.ts";

/** A certificate of the storage. */
export type Held = {
  /** Of its file, without `.pem`. */
  readonly name: string;
  readonly names: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  /** As the authority knows it (RFC 9773, 4.1); absent where it cannot be told. */
  readonly id?: string | undefined;
  /** The directory of the authority that it was fetched from, where it is known. */
  readonly authority?: string | undefined;
};

/** What is decided from; all times are milliseconds since 1970. */
export type Situation = {
  readonly wants: readonly Want[];
  readonly held: readonly Held[];
  readonly record: AcmeRecord;
  readonly nowMs: number;
  /** Directories, the preferred one first. */
  readonly authorities: readonly string[];
  /** Hosts that have a certificate of the operator's. */
  readonly isGiven?: (host: string) => boolean;
};

/** A certificate to ask for now. */
export type Order = {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly authority: string;
  /** The certificate that it takes the place of, as that authority knows it. */
  readonly replaces?: string | undefined;
};

/** Hosts without the certificate that they should have, and why it is not asked for now. */
export type Waiting = { readonly hosts: readonly string[]; readonly untilMs: number; readonly why: string };

/** What to do now, the most urgent first, and when to look again. */
export type Schedule = {
  readonly orders: readonly Order[];
  readonly waiting: readonly Waiting[];
  readonly nextMs: number;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** How long at most nothing is looked at. */
const LOOK_MS = HOUR_MS;

/** What an authority lets one account do (https://letsencrypt.org/docs/rate-limits), with some room left. */
const LIMITS = { orders: 280, certificatesOfDomain: 48, duplicates: 4 };

/** Which certificates to ask for now. */
export function scheduleOf(situation: Situation): Schedule {
  const { wants, nowMs } = situation;
  const shelf = new Shelf(situation);
  const spent = new Spent(situation);
  const needs = wants.map((want) => needOf(want, situation, shelf)).filter((need) => need !== undefined)
    .sort((a, b) => a.untilMs - b.untilMs || (a.want.name < b.want.name ? -1 : 1));
  const orders: Order[] = [];
  const waiting: Waiting[] = [];
  for (const { want, hosts, needed, old } of needs) {
    const { free, late } = divide(hosts, situation);
    waiting.push(...late.filter(({ hosts: [host = ""] }) => needed.has(host)));
    // Nothing is gained by a certificate for hosts that have one.
    if (!free.some((host) => needed.has(host))) continue;
    const found = spent.authorityFor(free, old !== undefined);
    if (typeof found !== "string") {
      waiting.push({ hosts: free, ...found });
      continue;
    }
    const replaces = old?.authority === found ? old.id : undefined;
    orders.push({ name: want.name, hosts: free, authority: found, replaces });
  }
  const times = [...waiting.map(({ untilMs }) => untilMs), ...shelf.renewals].filter((at) => at > nowMs);
  return { orders, waiting, nextMs: times.reduce((least, at) => Math.min(least, at), nowMs + LOOK_MS) };
}

type Need = {
  readonly want: Want;
  /** Those of the want that no certificate of the operator's is for. */
  readonly hosts: readonly string[];
  /** Those of them that have no certificate, or one that is to be renewed. The others are asked for with them. */
  readonly needed: ReadonlySet<string>;
  /** The certificate that will be replaced. */
  readonly old: Held | undefined;
  /** Until when the first of its hosts is served well; the past where one is not. */
  readonly untilMs: number;
};

function needOf(want: Want, { isGiven }: Situation, shelf: Shelf): Need | undefined {
  const hosts = want.hosts.filter((host) => isGiven?.(host) !== true);
  const needed = hosts.filter((host) => !shelf.for(host).some(({ isLasting }) => isLasting));
  if (needed.length === 0) return undefined;
  const ends = needed.map((host) =>
    shelf.for(host).reduce((last, { held: { untilMs } }) => Math.max(last, untilMs), 0)
  );
  return {
    want,
    hosts,
    needed: new Set(needed),
    old: shelf.named.get(want.name),
    untilMs: Math.min(...ends),
  };
}

type Shelved = { readonly held: Held; readonly isLasting: boolean };

/** The certificates that are there, by the names that they are for. */
class Shelf {
  readonly named = new Map<string, Held>();
  /** When each is to be renewed. */
  readonly renewals: number[] = [];
  readonly #byName = new Map<string, Shelved[]>();

  constructor(situation: Situation) {
    for (const held of situation.held) {
      this.named.set(held.name, held);
      if (held.untilMs <= situation.nowMs) continue;
      const renewAt = renewAtMs(held, situation);
      this.renewals.push(renewAt);
      const shelved = { held, isLasting: renewAt > situation.nowMs };
      for (const name of held.names) {
        const others = this.#byName.get(name);
        if (others === undefined) this.#byName.set(name, [shelved]);
        else others.push(shelved);
      }
    }
  }

  /** The valid ones for a host. */
  for(host: string): readonly Shelved[] {
    return namesFor(host).flatMap((name) => this.#byName.get(name) ?? []);
  }
}

/** When a certificate is to be renewed: as its authority said, else at two thirds of its time, not all at once. */
export function renewAtMs(held: Held, { record, nowMs }: Pick<Situation, "record" | "nowMs">): number {
  const { fromMs, untilMs, id, name } = held;
  const lifeMs = untilMs - fromMs;
  const usual = fromMs + lifeMs * (2 / 3) + lifeMs * (1 / 20) * portionOf(name);
  const said = id === undefined ? undefined : record.renewals[id];
  // An authority that was not heard of for days may not be waited for.
  const isFresh = said !== undefined && nowMs < said.askAgainMs + DAY_MS;
  return isFresh ? Math.min(said.atMs, untilMs) : usual;
}

/** A number from 0 to 1 that a text always has. */
export const portionOf = (text: string): number => parseInt(sha256(text).slice(0, 8), 16) / 2 ** 32;

/** Hosts that an order may be for now, and those that failed and wait. */
function divide(hosts: readonly string[], { record, nowMs }: Situation) {
  const free: string[] = [];
  const late: Waiting[] = [];
  for (const host of hosts) {
    const trouble = record.hosts[host];
    if (trouble !== undefined && isAhead(trouble.untilMs, nowMs)) {
      late.push({ hosts: [host], untilMs: trouble.untilMs, why: trouble.why });
    } else free.push(host);
  }
  return { free, late };
}

/** Whether a time is still to come; one that is too far off is that of a clock which was wrong. */
const isAhead = (untilMs: number, nowMs: number): boolean => untilMs > nowMs && untilMs < nowMs + 8 * DAY_MS;

/** What of the authorities' limits is used up, with the orders that are made now. */
class Spent {
  readonly #now = new Map<string, { orders: number; issued: (readonly [number, string])[] }>();

  constructor(private readonly situation: Situation) {}

  /** The first authority that may be asked now and notes the order; else why none may, and until when. */
  authorityFor(
    hosts: readonly string[],
    isRenewal: boolean,
  ): string | { readonly untilMs: number; readonly why: string } {
    const { authorities, record, nowMs } = this.situation;
    const failures = Math.max(0, ...hosts.map((host) => record.hosts[host]?.failures ?? 0));
    // What one authority refused again and again, another may take.
    const first = failures < 2 ? 0 : failures % authorities.length;
    const inTurn = [...authorities.slice(first), ...authorities.slice(0, first)];
    const waits = inTurn.map((url) => ({ url, wait: this.#waitAt(url, hosts, isRenewal) }));
    const free = waits.find(({ wait }) => wait === undefined);
    if (free !== undefined) {
      const spent = this.#spentAt(free.url);
      spent.orders++;
      spent.issued.push([nowMs, hosts.toSorted().join(",")]);
      return free.url;
    }
    const soonest = waits.map(({ wait }) => wait).filter((wait) => wait !== undefined)
      .sort((a, b) => a.untilMs - b.untilMs)[0];
    return soonest ?? { untilMs: nowMs + HOUR_MS, why: "there is no authority" };
  }

  #spentAt(url: string) {
    const before = this.#now.get(url);
    if (before !== undefined) return before;
    const spent = { orders: 0, issued: [] };
    this.#now.set(url, spent);
    return spent;
  }

  #waitAt(url: string, hosts: readonly string[], isRenewal: boolean) {
    const { record, nowMs } = this.situation;
    const known: AuthorityRecord = record.authorities[url] ?? newAuthority;
    if (isAhead(known.untilMs, nowMs)) {
      return { untilMs: known.untilMs, why: known.why ?? "the authority does not answer" };
    }
    if (!/(?:^|\.)letsencrypt\.org$/.test(new URL(url).hostname)) return undefined;
    const { orders: more, issued: others } = this.#spentAt(url);
    const orders = known.orders.filter((at) => at > nowMs - ORDERS_MS);
    if (orders.length + more >= LIMITS.orders) {
      return {
        untilMs: Math.min(...orders, nowMs) + ORDERS_MS,
        why: "the authority takes 300 orders in 3 hours",
      };
    }
    const issued = [...known.issued.filter(([at]) => at > nowMs - ISSUED_MS), ...others];
    const until = (those: typeof issued) => Math.min(...those.map(([at]) => at)) + ISSUED_MS;
    const names = hosts.toSorted().join(",");
    const same = issued.filter(([, those]) => those === names);
    if (same.length >= LIMITS.duplicates) {
      return { untilMs: until(same), why: "the authority gives 5 certificates for the same names in a week" };
    }
    for (const domain of isRenewal ? [] : new Set(hosts.map(domainOf))) {
      const ofDomain = issued.filter(([, those]) =>
        those.split(",").some((host) => domainOf(host) === domain)
      );
      if (ofDomain.length >= LIMITS.certificatesOfDomain) {
        return {
          untilMs: until(ofDomain),
          why: `the authority gives 50 certificates for ${domain} in a week`,
        };
      }
    }
    return undefined;
  }
}

/** The domain that somebody has registered, as far as it can be told without a list: example.com, example.co.uk. */
export function domainOf(host: string): string {
  const labels = host.split(".");
  const [second = "", last = ""] = labels.slice(-2);
  return labels.slice(last.length === 2 && second.length <= 3 ? -3 : -2).join(".");
}
