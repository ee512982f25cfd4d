import type { ProbeTarget, ProbeWay } from "../ports.ts";
import { askOnce, type Means, type Verdict } from "./try.ts";

/** How long a container's address has to prove itself before other ways are tried, in tries and milliseconds. */
const FAIR_TRIES = 2;
const FAIR_MS = 200;
/** Where an address is silent, the engine's proxy may wait for it too before it closes: for three seconds (tcp(7), arp(7)). */
const SILENT_STAYS_OPEN_MS = 3_500;
/** From so many milliseconds on, an address counts as silent, and not as one that was refused by the way to it. */
const SILENT_MS = 500;

/** What a try found out: a verdict, and the other way by which the container answered, if it did by one. */
export type Found = { readonly verdict: Verdict; readonly found?: ProbeWay };

/**
 * Asks a container by the way to it, and by others once that had a fair chance. An address on another of its networks is
 * tried where this one refuses or is out of reach; a published port only where it is out of reach, since the engine takes
 * connections for it before the container listens.
 */
export class Detour {
  /** Tries in a row that nothing answered, and those of them that were out of reach; the first of each, by the clock. */
  #failed = { tries: 0, since: 0 };
  #away = { tries: 0, since: 0 };

  constructor(readonly target: ProbeTarget) {}

  /** Asks once. */
  async ask(means: Means): Promise<Found> {
    const askedAt = means.clock.now();
    const verdict = await askOnce(this.target, means);
    if (verdict.isReady || this.target.others.length === 0 || means.signal.aborted) return { verdict };
    const isSilent = means.clock.now() - askedAt > SILENT_MS;
    const hasNoAnswer = verdict.isAway || verdict.why.endsWith(REFUSED);
    this.#failed = count(this.#failed, hasNoAnswer, askedAt);
    this.#away = count(this.#away, verdict.isAway, askedAt);
    for (const way of this.target.others) {
      const chance = way.via === "container" ? this.#failed : this.#away;
      if (!isFair(chance, means.clock.now())) continue;
      const other = { ...this.target, ...way, own: undefined, others: [] };
      const answer = await askOnce(other, means, isSilent ? SILENT_STAYS_OPEN_MS : undefined);
      if (!answer.isReady) continue;
      // It may have begun to listen only now: then the way to it is as good as before.
      const again = await askOnce(this.target, means);
      return again.isReady ? { verdict: again } : { verdict: answer, found: way };
    }
    return { verdict };
  }
}

const REFUSED = " refuses connections";

type Chance = { readonly tries: number; readonly since: number };

const count = ({ tries, since }: Chance, isOne: boolean, at: number): Chance =>
  isOne ? { tries: tries + 1, since: tries === 0 ? at : since } : { tries: 0, since: 0 };

const isFair = ({ tries, since }: Chance, now: number): boolean =>
  tries >= FAIR_TRIES && now - since >= FAIR_MS;
