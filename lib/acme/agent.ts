import { noteSettings } from "../core/acme/failures.ts";
import { pruneRecord } from "../core/acme/record.ts";
import { type Held, type Order, renewAtMs, scheduleOf, type Waiting } from "../core/acme/schedule.ts";
import { ordersToBegin } from "../core/acme/turns.ts";
import type { Want } from "../core/acme/wanted.ts";
import type { AcmeStatus } from "../core/status/acme_status.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Reporter } from "../ports.ts";
import { Authority, type Identity } from "./authority.ts";
import type { ExchangeParts } from "./exchange.ts";
import { Fetcher } from "./fetcher.ts";
import { BEAT_MS, Lease } from "./lease.ts";
import type { Proof } from "./order.ts";
import { Remembered } from "./remembered.ts";
import { Renewals } from "./renewals.ts";
import type { AcmeStorage } from "./storage.ts";

/** How soon after the last look another one is had, in milliseconds, whatever happens. */
const LOOK_AGAIN_MS = 250;
/** How long orders under way may take to end with signalbox, in milliseconds. */
const END_LIMIT_MS = 2_000;
/** How long certificates that were listed count, in milliseconds: others may put some there. */
const LIST_MS = 60_000;

/** What fetching certificates needs. */
export type AcmeParts = ExchangeParts & {
  readonly storage: AcmeStorage;
  readonly identity: Identity;
  /** Directories, the preferred one first. */
  readonly directories: readonly string[];
  /** A digest of all that authorities are asked with; it may change, as the client may. */
  readonly settings: string;
  readonly report: Reporter;
  /** Tells this signalbox from others on the same storage. */
  readonly holder: string;
  /** Which certificates there should be, as things are now. */
  readonly wants: () => readonly Want[];
  /** Whether a host has a certificate of the operator's. */
  readonly isGiven?: (host: string) => boolean;
  readonly proof?: Proof | undefined;
  /** The kind of certificates to ask for, where an authority has several. */
  readonly profile?: string | undefined;
  readonly whyNotOurs: (host: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Called when the storage has another certificate. */
  readonly onChange?: () => void;
};

/** Sees to it that routed hosts have certificates, in the storage; it touches nothing else. */
export class AcmeAgent {
  readonly #remembered: Remembered;
  readonly #lease: Lease;
  readonly #fetcher: Fetcher;
  readonly #renewals: Renewals;
  readonly #authorities = new Map<string, Authority>();
  readonly #underWay = new Map<string, { readonly order: Order; readonly done: Promise<void> }>();
  #wants: readonly Want[] = [];
  #held: readonly Held[] = [];
  #listedAt = -Infinity;
  #waiting: readonly Waiting[] = [];
  #trouble: string | undefined;
  /** No order before this time: the storage could not be used. */
  #pausedUntil = -Infinity;
  #isWoken = true;
  #wakeUp = Promise.withResolvers<void>();

  constructor(private readonly parts: AcmeParts) {
    const { storage, clock, holder } = parts;
    this.#remembered = new Remembered(storage);
    this.#lease = new Lease(`${storage.folder}/leader`, holder, clock);
    const authority = (url: string) => this.#authority(url);
    this.#fetcher = new Fetcher({
      ...parts,
      remembered: this.#remembered,
      thumbprint: parts.identity.key.thumbprint,
      authority,
      isWanted: (host) => this.#wants.some(({ hosts }) => hosts.some((one) => one === host)),
    });
    this.#renewals = new Renewals({ ...parts, remembered: this.#remembered, authority });
  }

  /** Says that other hosts may want certificates. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUp.resolve();
  }

  /** Fetches what is wanted, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    let lookAt = 0;
    while (!signal.aborted) {
      this.#wakeUp = Promise.withResolvers();
      try {
        if (this.#isWoken || this.#now() >= lookAt || !this.#lease.isOurs) {
          this.#isWoken = false;
          lookAt = await this.#look(signal);
        } else await this.#lease.renew(signal);
        if (clock.now() >= this.#pausedUntil && this.#underWay.size === 0) this.#trouble = undefined;
      } catch (error) {
        if (signal.aborted) break;
        this.#tellTrouble(messageOf(error));
        lookAt = 0;
      }
      await clock.sleep(LOOK_AGAIN_MS, signal);
      const waiting = new AbortController();
      const waitMs = Math.max(0, Math.min(BEAT_MS, lookAt - this.#now()));
      await Promise.race([
        this.#wakeUp.promise,
        clock.sleep(waitMs || BEAT_MS, AbortSignal.any([signal, waiting.signal])),
      ]);
      waiting.abort();
    }
    // What writes to a disk that hangs is not waited for.
    const ended = Promise.allSettled([...this.#underWay.values()].map(({ done }) => done));
    await Promise.race([ended, clock.sleep(END_LIMIT_MS)]);
    await this.#lease.end().catch(() => {});
  }

  /** How it stands, for status. */
  get status(): AcmeStatus {
    const wanted = new Set(this.#wants.flatMap(({ hosts }) => hosts as readonly string[]));
    const iso = (ms: number) => new Date(ms).toISOString();
    const situation = { record: this.#remembered.now, nowMs: this.#now() };
    const { heldBy, isOurs } = this.#lease;
    return {
      authorities: this.parts.directories,
      ...!isOurs && heldBy !== undefined && { leader: heldBy },
      certificates: this.#held.filter(({ names }) => names.some((name) => wanted.has(name))).map((held) => ({
        names: held.names,
        until: iso(held.untilMs),
        renewsAt: iso(renewAtMs(held, situation)),
      })),
      asking: [...this.#underWay.values()].flatMap(({ order }) => order.hosts),
      waiting: this.#waiting.map(({ hosts, why, untilMs }) => ({ hosts, why, until: iso(untilMs) })),
      ...this.#trouble !== undefined && { trouble: this.#trouble },
    };
  }

  #now = (): number => this.parts.clock.date().getTime();

  #authority(url: string): Authority {
    const before = this.#authorities.get(url);
    if (before !== undefined) return before;
    const authority = new Authority(url, this.parts.identity, this.parts);
    this.#authorities.set(url, authority);
    return authority;
  }

  /** Looks at what is wanted and what is there, and begins orders; answers with when to look again. */
  async #look(signal: AbortSignal): Promise<number> {
    const { storage, report, directories, clock } = this.parts;
    const wasOurs = this.#lease.isOurs;
    const isOurs = await this.#lease.renew(signal);
    if (!isOurs || !wasOurs) await this.#remembered.read();
    if (isOurs) await this.#noteSettings();
    if (isOurs && !wasOurs) report.tell({ kind: "certificates-led", storage: storage.folder });
    this.#wants = this.parts.wants();
    // What comes while the folder is read may not be in what was read.
    const before = new Set(this.#underWay.keys());
    if (!isOurs || clock.now() - this.#listedAt >= LIST_MS) {
      // A certificate that comes meanwhile sets it back: it may not be in what is read, and would be ordered again.
      this.#listedAt = clock.now();
      this.#held = await storage.list().catch((error) => {
        this.#listedAt = -Infinity;
        throw error;
      });
    }
    const nowMs = this.#now();
    // Whoever leads asks; the others show how it stands.
    const wants = this.#wants.filter(({ name }) => !before.has(name) && !this.#underWay.has(name));
    const situation = {
      wants,
      held: this.#held,
      record: this.#remembered.now,
      nowMs,
      authorities: directories,
    };
    const { isGiven } = this.parts;
    const { orders, waiting, nextMs } = scheduleOf({ ...situation, ...isGiven !== undefined && { isGiven } });
    this.#waiting = waiting;
    if (!isOurs) return nowMs + BEAT_MS;
    const underWay = [...this.#underWay.values()].map(({ order }) => order);
    const begun = clock.now() < this.#pausedUntil ? [] : ordersToBegin(orders, underWay);
    for (const order of begun) this.#begin(order, signal);
    void this.#renewals.ask(this.#held, signal).then((isNew) => isNew && this.wake());
    await this.#prune(nowMs);
    return begun.length < orders.length ? nowMs + BEAT_MS : nextMs;
  }

  /** What failed with other settings is tried at once with these. */
  async #noteSettings(): Promise<void> {
    const { settings, directories } = this.parts;
    const after = noteSettings(this.#remembered.now, settings, directories);
    if (after !== this.#remembered.now) await this.#remembered.change(() => after);
  }

  #begin(order: Order, signal: AbortSignal): void {
    this.parts.report.debug("orders a certificate", { hosts: order.hosts, authority: order.authority });
    const done = this.#fetcher.fetch(order, signal).then((held) => {
      if (held === undefined) return;
      this.#held = [...this.#held.filter(({ name }) => name !== held.name), held];
      this.#listedAt = -Infinity;
      this.parts.onChange?.();
    }).catch((error) => {
      if (signal.aborted) return;
      this.#pausedUntil = this.parts.clock.now() + BEAT_MS;
      this.#tellTrouble(messageOf(error));
    }).finally(() => {
      this.#underWay.delete(order.name);
      this.wake();
    });
    this.#underWay.set(order.name, { order, done });
  }

  /** Forgets what no longer counts, and removes certificates that have expired and whose hosts nobody wants or others serve. */
  async #prune(nowMs: number): Promise<void> {
    const hosts = new Set(this.#wants.flatMap(({ hosts }) => hosts as readonly string[]));
    const served = new Set(this.#held.flatMap(({ untilMs, names }) => untilMs > nowMs ? names : []));
    const gone = this.#held.filter(({ untilMs, names }) =>
      untilMs < nowMs && names.every((name) => !hosts.has(name) || served.has(name))
    );
    for (const held of gone) await this.parts.storage.remove(held);
    if (gone.length > 0) this.#held = this.#held.filter((held) => !gone.includes(held));
    const ids = new Set(this.#held.flatMap(({ id }) => id ?? []));
    const before = this.#remembered.now;
    const after = pruneRecord(before, nowMs, hosts, ids);
    if (JSON.stringify(after) !== JSON.stringify(before)) await this.#remembered.change(() => after);
  }

  /** Tells a trouble once, until it has gone or is another one. */
  #tellTrouble(why: string): void {
    if (why !== this.#trouble) this.parts.report.tell({ kind: "certificates-stuck", why });
    this.#trouble = why;
  }
}
