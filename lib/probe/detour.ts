import type { ProbeTarget, ProbeWay } from "../ports.ts";
import { askOnce, type Means, type Verdict } from "./try.ts";

/** How many tries and milliseconds a container's own address gets before other ways are tried. */
const FAIR_TRIES = 2;
const FAIR_MS = 200;
/** Where an address is silent, the engine's proxy may wait for it too before it closes: three seconds (tcp(7), arp(7)). */
const SILENT_STAYS_OPEN_MS = 3_500;
/** After so many milliseconds an address counts as silent; an earlier failure is a refusal on the way to it. */
const SILENT_MS = 500;

/** The result of a try, and the other way by which the container answered, if any. */
export type Found = { readonly verdict: Verdict; readonly found?: ProbeWay };

/**
 * Tries a container by its way, and by others once that had a fair chance. An address in another of its networks is tried
 * where this one refuses or is out of reach. A published port is tried only where it is out of reach, since the engine
 * accepts connections there before the container listens.
 */
export class Detour {
  /** Tries in a row that nothing answered, and those of them that were out of reach; the first of each, by the clock. */
  #failed = { tries: 0, since: 0 };
  #away = { tries: 0, since: 0 };

  constructor(readonly target: ProbeTarget) {}

  /** Tries once. */
  async ask(means: Means): Promise<Found> {
    const probedAt = means.clock.now();
    const verdict = await askOnce(this.target, means);
    if (verdict.isReady || this.target.others.length === 0 || means.signal.aborted) return { verdict };
    const isSilent = means.clock.now() - probedAt > SILENT_MS;
    const hasNoAnswer = verdict.isAway || verdict.why.endsWith(REFUSED);
    this.#failed = count(this.#failed, hasNoAnswer, probedAt);
    this.#away = count(this.#away, verdict.isAway, probedAt);
    for (const way of this.target.others) {
      const chance = way.via === "container" ? this.#failed : this.#away;
      if (!isFair(chance, means.clock.now())) continue;
      const other = { ...this.target, ...way, own: undefined, others: [] };
      const answer = await askOnce(other, means, isSilent ? SILENT_STAYS_OPEN_MS : undefined);
      if (!answer.isReady) continue;
      // The container may have begun to listen only now: then its own way is as good.
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
