import { TimeLimit } from "../clock.ts";
import type { ContainerView } from "../core/snapshot/snapshot.ts";
import { Turns } from "../core/policy/turns.ts";
import type { Clock } from "../ports.ts";
import { type Connection, openTcp } from "./connection.ts";
import { DESCRIPTOR_SHARES } from "../core/policy/descriptor_shares.ts";
import { sharesOf } from "./shares.ts";

/** How long a container may take to accept a connection, in milliseconds. */
const LIMIT_MS = 500;
/** How many ports of a container are tried. */
const MOST_PORTS = 4;

/** The pause before the next connection to a container that closes connections at once, in milliseconds. */
const PAUSE_MS = 200;

/** How much a container may send on one connection, in bytes: more than any greeting, and too little to load a processor. */
const MOST_HEARD_BYTES = 65_536;

type At = { readonly hostname: string; readonly port: number };

/** Finds out by connections whether containers are still there, where their engine cannot tell. */
export class ConnectionCheck {
  readonly #turns: Turns;

  constructor(readonly clock: Clock) {
    this.#turns = new Turns({ ...sharesOf(DESCRIPTOR_SHARES.answers), after: clock.after });
  }

  /** Whether a container takes a connection at one of its own addresses and TCP ports. */
  async answersAtAll(container: ContainerView): Promise<boolean> {
    return await this.#findAnswering(container) !== undefined;
  }

  /**
   * Holds a connection to a container, and opens another one whenever it is closed; resolves with true once that fails,
   * with false if none could ever be opened, or when the signal aborts.
   */
  async untilGone(container: ContainerView, signal: AbortSignal): Promise<boolean> {
    const at = await this.#findAnswering(container);
    if (at === undefined) return false;
    while (!signal.aborted) {
      const connection = await this.#open(at, signal);
      if (connection === undefined) return !signal.aborted;
      const openedAt = this.clock.now();
      // The content does not matter. After too much of it, a pause and another connection follow.
      for (let heard = 0; heard < MOST_HEARD_BYTES;) {
        const bytes = await connection.read().catch(() => undefined);
        if (bytes === undefined) break;
        heard += bytes.length;
      }
      connection.close();
      // Servers close a silent connection after seconds. Where one does so at once, a pause follows.
      const isQuick = this.clock.now() - openedAt < PAUSE_MS;
      if (isQuick) await this.clock.sleep(PAUSE_MS);
    }
    return false;
  }

  async #findAnswering(container: ContainerView): Promise<At | undefined> {
    const ports = container.exposed.filter((port) => port.protocol === "tcp").slice(0, MOST_PORTS);
    const addresses = container.networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((address) =>
      address !== undefined
    );
    const all = addresses.flatMap((hostname) => ports.map(({ port }) => ({ hostname, port })));
    let found: At | undefined;
    await Promise.all(all.map((at) =>
      this.#turns.take({ of: container.id, isFirst: true }, async () => {
        if (found !== undefined) return;
        const connection = await this.#open(at);
        connection?.close();
        if (connection !== undefined) found ??= at;
      })
    ));
    return found;
  }

  /** Opens a connection that ends with the signal; `undefined` where it is refused or takes too long. */
  async #open(at: At, signal?: AbortSignal): Promise<Connection | undefined> {
    for (;;) {
      using limit = new TimeLimit(this.clock, LIMIT_MS);
      const opening = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]);
      try {
        return await openTcp(at, opening);
      } catch (error) {
        // A lack of descriptors on our side says nothing about the container.
        if (!isOutOfDescriptors(error) || signal?.aborted) return undefined;
      }
      await this.clock.sleep(PAUSE_MS);
    }
  }
}

/** EMFILE and ENFILE (accept(2), connect(2)). */
const isOutOfDescriptors = (error: unknown): boolean =>
  error instanceof Error && /\(os error (?:23|24)\)/.test(error.message);
