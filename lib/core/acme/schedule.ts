import { sha256 } from "../values/sha256.ts";
import type { AcmeRecord } from "./record.ts";
import { isAhead, Spent } from "./spent.ts";
import { namesFor, type Want } from "./wanted.ts";

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
  /** Hosts of it are served with a certificate that ends. */
  readonly isRenewal: boolean;
  /** Whose hosts they are. */
  readonly owner: string;
};

/** Hosts without the certificate that they should have, and why it is not ordered now. */
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
/** The longest pause between two looks at all certificates, in milliseconds. */
const LOOK_MS = HOUR_MS;

/**
 * Which certificates to ask for now: renewals before hosts that have none, and those before hosts that failed. Those at which
 * the authority itself failed come last, the one of the longest ago first.
 */
export function scheduleOf(situation: Situation): Schedule {
  const { wants, nowMs } = situation;
  const shelf = new Shelf(situation);
  const spent = new Spent(situation);
  const needs = wants.map((want) => needOf(want, situation, shelf)).filter((need) => need !== undefined)
    .sort((a, b) =>
      a.stalledMs - b.stalledMs || compare(a.untilMs, b.untilMs) || a.failures - b.failures ||
      (a.want.name < b.want.name ? -1 : 1)
    );
  const orders: Order[] = [];
  const waiting: Waiting[] = [];
  for (const { want, hosts: all, needed, old, untilMs } of needs) {
    const { free, late } = divide(all, situation);
    waiting.push(...late.filter(({ hosts: [host = ""] }) => needed.has(host)));
    const hosts = partOf(free, needed, situation);
    // Nothing is gained by a certificate for hosts that have one.
    if (hosts === undefined) continue;
    const replaced = old?.names.some((name) => hosts.includes(name)) === true ? old : undefined;
    const isRenewal = Number.isFinite(untilMs);
    const wish = { hosts, owner: want.owner, isRenewal, hasHad: replaced !== undefined };
    const authority = spent.authorityFor(wish);
    if (typeof authority !== "string") {
      waiting.push({ hosts, ...authority });
      continue;
    }
    const replaces = replaced?.authority === authority ? replaced.id : undefined;
    orders.push({ name: want.name, hosts, authority, replaces, isRenewal, owner: want.owner });
  }
  const times = [...waiting.map(({ untilMs }) => untilMs), ...shelf.renewals].filter((at) => at > nowMs);
  return { orders, waiting, nextMs: times.reduce((least, at) => Math.min(least, at), nowMs + LOOK_MS) };
}

type Need = {
  readonly want: Want;
  /** Those of the want that no certificate of the operator's is for. */
  readonly hosts: readonly string[];
  /** Those of them that have no certificate, or one that is to be renewed. The others are ordered with them. */
  readonly needed: ReadonlySet<string>;
  /** The certificate that will be replaced. */
  readonly old: Held | undefined;
  /** Until when the first of those that are served well is; without end where none is. */
  readonly untilMs: number;
  /** How often one of them failed. */
  readonly failures: number;
  /** When the authority itself failed at one of them last. */
  readonly stalledMs: number;
};

/** Of two times, each of which may have no end. */
const compare = (a: number, b: number): number => a < b ? -1 : a > b ? 1 : 0;

function needOf(want: Want, { isGiven, record }: Situation, shelf: Shelf): Need | undefined {
  const hosts = want.hosts.filter((host) => isGiven?.(host) !== true);
  const needed = hosts.filter((host) => !shelf.for(host).some(({ isLasting }) => isLasting));
  if (needed.length === 0) return undefined;
  const ends = needed.map((host) =>
    shelf.for(host).reduce((last, { held: { untilMs } }) => Math.max(last, untilMs), 0)
  ).filter((end) => end > 0);
  return {
    want,
    hosts,
    needed: new Set(needed),
    old: shelf.named.get(want.name),
    untilMs: Math.min(...ends),
    failures: Math.max(...needed.map((host) => record.hosts[host]?.failures ?? 0)),
    stalledMs: Math.max(...needed.map((host) => record.hosts[host]?.stalledMs ?? 0)),
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

/**
 * The hosts of one certificate: all together, but for those that an authority refused together with others. Of several parts
 * the one that failed least comes first; the next one comes when it is done.
 */
function partOf(
  free: readonly string[],
  needed: ReadonlySet<string>,
  { record }: Situation,
): readonly string[] | undefined {
  const parts = [...Map.groupBy(free, (host) => record.hosts[host]?.apart ?? "").values()]
    .filter((part) => part.some((host) => needed.has(host)));
  const failures = (part: readonly string[]) =>
    Math.max(...part.map((host) => record.hosts[host]?.failures ?? 0));
  return parts.sort((a, b) => failures(a) - failures(b))[0];
}
