import { type Clock, type Prober, type ProbeTarget, type ProbeWay, READY_LIMIT_MS } from "../ports.ts";
import { Turns } from "../core/policy/turns.ts";
import { Detour } from "./detour.ts";
import { DESCRIPTOR_SHARES } from "../core/policy/descriptor_shares.ts";
import { sharesOf } from "./shares.ts";
import { oneTry } from "./try.ts";

/**
 * signalbox probes a container again after this part of the time that the probe has taken so far, so it learns of an answer
 * that much late at most: most containers listen within milliseconds, some take a minute. A try costs 0.3 ms.
 */
const PART = 1 / 8;
const SHORTEST_MS = 1;
const LONGEST_MS = 100;
/** After this time, signalbox probes at this interval; both in milliseconds. */
const SLOW_AFTER_MS = 20_000;
const SLOW_INTERVAL_MS = 1_000;
/** Each other container that waits adds this to the delay of all, in milliseconds: less for the first tries. */
const QUICK_TRIES = 6;
const QUICK_TURN_MS = 1;
const TURN_MS = 5;
/** Interval of probes for a better way to a container, in milliseconds: at first, and later. */
const CALM_MS = 10_000;
const CALMEST_MS = 60_000;

type OnFailure = Parameters<Prober["prove"]>[1];

/** Proves readiness over the network: a connection, one that stays open, or an HTTP answer. */
export class NetworkProber implements Prober {
  /** Probes under way, each by its begin. */
  readonly #probing = new Set<{ readonly since: number }>();

  readonly #turns: Turns;

  constructor(readonly clock: Clock) {
    this.#turns = new Turns({ ...sharesOf(DESCRIPTOR_SHARES.probes), after: clock.after });
  }

  async prove(target: ProbeTarget, onFailure: OnFailure, signal: AbortSignal): Promise<ProbeWay | void> {
    const own = { since: this.clock.now() };
    this.#probing.add(own);
    return await this.#prove(target, onFailure, own.since, signal).finally(() => this.#probing.delete(own));
  }

  async #prove(
    target: ProbeTarget,
    onFailure: OnFailure,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<ProbeWay | void> {
    const detour = new Detour(target);
    for (let tries = 1; !signal.aborted; tries++) {
      const claim = { of: target.container, isFirst: tries === 1 };
      const { verdict, found } = await this.#turns.take(
        claim,
        (hurry) => oneTry({ clock: this.clock, signal, hurry }, (means) => detour.ask(means)),
      );
      if (verdict.isReady) return found;
      if (signal.aborted) break;
      const elapsedMs = this.clock.now() - startedAt;
      onFailure(verdict.why, elapsedMs);
      const delayMs = delayAfter(elapsedMs, target);
      // Many that wait take turns, so that their total cost stays the same.
      const turnMs = tries > QUICK_TRIES ? TURN_MS : QUICK_TURN_MS;
      const turnsMs = turnMs * this.#countPeers(startedAt, SLOW_INTERVAL_MS / turnMs);
      await this.clock.sleep(Math.max(delayMs, turnsMs), signal);
    }
    signal.throwIfAborted();
  }

  /** How many others take turns with a probe that began then; more than the most make no difference. */
  #countPeers(startedAt: number, most: number): number {
    let count = -1;
    for (const { since } of this.#probing) {
      if (since > startedAt - PEER_MS && ++count >= most) return most;
    }
    return Math.max(0, count);
  }
}

/** A probe that began so many milliseconds before another does not delay it: its container comes late or never. */
const PEER_MS = 1_000;

/** How long to wait before the next try. */
function delayAfter(elapsedMs: number, { lateMs, isCalm }: ProbeTarget): number {
  if (isCalm) return Math.min(CALMEST_MS, Math.max(CALM_MS, elapsedMs));
  if (elapsedMs <= SLOW_AFTER_MS) return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, elapsedMs * PART));
  return elapsedMs >= READY_LIMIT_MS ? Math.max(SLOW_INTERVAL_MS, lateMs) : SLOW_INTERVAL_MS;
}
