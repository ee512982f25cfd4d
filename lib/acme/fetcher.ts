import {
  isToSplit,
  noteFailure,
  noteIssued,
  noteOrder,
  type OrderFailure,
  withAuthority,
} from "../core/acme/failures.ts";
import { newAuthority } from "../core/acme/record.ts";
import type { Held, Order } from "../core/acme/schedule.ts";
import { ownerOf } from "../core/acme/spent.ts";
import { namesFor } from "../core/acme/wanted.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Clock, Reporter } from "../ports.ts";
import type { Authority } from "./authority.ts";
import { isAccountGone } from "./authority.ts";
import { failureOf, fetchCertificate, OrderFailed, type Proof } from "./order.ts";
import type { Remembered } from "./remembered.ts";
import type { AcmeStorage } from "./storage.ts";

/** How often a certificate that came is tried to be written, in milliseconds. */
const WRITE_AGAIN_MS = 5_000;

/** What fetching needs. */
export type FetcherParts = {
  readonly storage: AcmeStorage;
  readonly remembered: Remembered;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly thumbprint: string;
  readonly authority: (url: string) => Authority;
  /** Proves hosts in another way than by HTTP. */
  readonly proof?: Proof | undefined;
  /** The kind of certificates to ask for, where an authority has several. */
  readonly profile?: string | undefined;
  /** Why an authority would not find us at a host, as far as it can be known. */
  readonly whyNotOurs: (host: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Whether a host is routed now. */
  readonly isWanted: (host: string) => boolean;
};

/** Does one order from our own look to the file; tells what came of it. Throws where the storage cannot be used. */
export class Fetcher {
  constructor(private readonly parts: FetcherParts) {}

  /** Answers with the certificate, or with nothing where it could not be had. */
  async fetch(wanted: Order, signal: AbortSignal): Promise<Held | undefined> {
    const { remembered, clock, report, storage } = this.parts;
    const hosts = await this.#ours(wanted, signal);
    if (hosts.length === 0) return undefined;
    const order = { ...wanted, hosts };
    const { authority } = order;
    const [startedAt, begunMs] = [clock.now(), this.#now()];
    const owner = ownerOf(order);
    await remembered.change((record) => noteOrder(record, authority, begunMs, owner));
    const pem = await this.#order(order, signal).catch(async (error) => {
      signal.throwIfAborted();
      const failure = error instanceof OrderFailed ? error.failure : failureOf(error, hosts);
      await this.#fail(order, failure, { begunMs });
    });
    if (pem === undefined) return undefined;
    // A certificate that came is one of few: it is kept until it can be written.
    const held = await this.#until(
      () => storage.put(order.name, pem, authority, (old) => this.#isNeeded(old, order)),
      signal,
    );
    const missing = hosts.filter((host) => !namesFor(host).some((name) => held.names.includes(name)));
    if (missing.length > 0) {
      // signalbox would ask for it again at once, and for ever.
      const why = "the authority gave a certificate that is not for it";
      const all = Object.fromEntries(missing.map((host) => [host, why]));
      await this.#fail(order, { fault: "host", hosts: all, why: `${missing.join(", ")}: ${why}` });
      return held;
    }
    await this.#until(
      () => remembered.change((record) => noteIssued(record, authority, hosts, this.#now(), owner)),
      signal,
    );
    report.tell({
      kind: "certificate-fetched",
      hosts,
      until: new Date(held.untilMs).toISOString(),
      authority,
      tookMs: Math.round(clock.now() - startedAt),
    });
    return held;
  }

  #now = (): number => this.parts.clock.date().getTime();

  /** Whether an older certificate of the same name is for a routed host that the new one is not for. */
  #isNeeded({ names, untilMs }: Held, { hosts }: Order): boolean {
    return untilMs > this.#now() &&
      names.some((name) => this.parts.isWanted(name) && !namesFor(name).some((one) => hosts.includes(one)));
  }

  /** The hosts of an order that lead here, as far as we can see. */
  async #ours({ hosts, authority }: Order, signal: AbortSignal): Promise<readonly string[]> {
    const { whyNotOurs, remembered } = this.parts;
    const looked = await Promise.all(
      hosts.map(async (host) => [host, await whyNotOurs(host, signal)] as const),
    );
    const wrong = Object.fromEntries(looked.flatMap(([host, why]) => why === undefined ? [] : [[host, why]]));
    for (const [host, why] of Object.entries(wrong)) {
      // Told once: our own look is repeated often.
      const isTold = remembered.now.hosts[host]?.why === why;
      await this.#fail({ authority }, { fault: "check", hosts: { [host]: why }, why }, { isTold });
    }
    return hosts.filter((host) => wrong[host] === undefined);
  }

  async #order(order: Order, signal: AbortSignal): Promise<string> {
    const { authority: find, thumbprint, clock, proof, profile } = this.parts;
    const authority = find(order.authority);
    const fetch = async () => {
      await this.#enter(authority, signal);
      return await fetchCertificate(order, { authority, thumbprint, clock, proof, profile }, signal);
    };
    return await fetch().catch(async (error) => {
      if (!isAccountGone(error) && !isAccountGone(error.cause)) throw error;
      await this.#forgetAccount(authority);
      return await fetch();
    });
  }

  async #enter(authority: Authority, signal: AbortSignal): Promise<void> {
    const { remembered } = this.parts;
    const known = remembered.now.authorities[authority.url] ?? newAuthority;
    const account = await authority.enter(known.account, signal);
    if (account === known.account) return;
    await remembered.change((record) =>
      withAuthority(record, authority.url, { ...record.authorities[authority.url] ?? newAuthority, account })
    );
  }

  async #forgetAccount(authority: Authority): Promise<void> {
    authority.leave();
    await this.parts.remembered.change((record) => {
      const { account: _, ...others } = record.authorities[authority.url] ?? newAuthority;
      return withAuthority(record, authority.url, others);
    });
  }

  async #fail(
    { authority, hosts: tried = [] }: Pick<Order, "authority"> & Partial<Pick<Order, "hosts">>,
    failure: OrderFailure,
    { isTold = false, begunMs }: { readonly isTold?: boolean; readonly begunMs?: number } = {},
  ): Promise<void> {
    const { remembered, report } = this.parts;
    const nowMs = this.#now();
    const before = remembered.now.authorities[authority]?.failures;
    await remembered.change((record) => noteFailure(record, failure, authority, nowMs, begunMs, tried));
    const { hosts, authorities } = remembered.now;
    const { why } = failure;
    if (isToSplit(failure)) return report.debug("asks for the hosts of an order in two parts", { why });
    if (failure.fault === "authority") {
      // Another order of the same moment has told it.
      if (authorities[authority]?.failures === before) return;
      const waitMs = (authorities[authority]?.untilMs ?? nowMs) - nowMs;
      return report.tell({ kind: "authority-failed", authority, why, waitMs });
    }
    const failed = Object.keys(failure.hosts);
    const waitMs = Math.min(...failed.map((host) => (hosts[host]?.untilMs ?? nowMs) - nowMs));
    if (!isTold) report.tell({ kind: "certificate-failed", hosts: failed, why, authority, waitMs });
  }

  /** Tries again and again, and tells the first failure. */
  async #until<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let tries = 0;; tries++) {
      try {
        return await act();
      } catch (error) {
        if (tries === 0) {
          this.parts.report.tell({
            kind: "certificates-stuck",
            why: `cannot keep a certificate: ${messageOf(error)}`,
          });
        }
        await this.parts.clock.sleep(WRITE_AGAIN_MS, signal);
        signal.throwIfAborted();
      }
    }
  }
}
