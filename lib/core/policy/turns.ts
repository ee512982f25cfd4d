/** A request for a turn: its owner, and whether its work was never tried before. */
export type Claim = { readonly of: string; readonly isFirst: boolean };

/** How many turns there are, and how the short ones are timed. */
export type TurnsLimits = {
  /** Turns at once. */
  readonly most: number;
  /** Turns of these that may be those of one owner. */
  readonly mostEach: number;
  /** Turns of these that what was tried before may take: the rest is kept for what never was. */
  readonly mostAgain: number;
  /** How long a first turn lasts at least, in milliseconds; then it ends early if another first one waits for it. */
  readonly quickMs: number;
  /** Calls back after the milliseconds, unless what it returns is called before. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
};

type Waiting = { readonly claim: Claim; readonly begin: () => void };

/**
 * Lets so many do something at once, and the others wait. Owners take turns, so that none gets more than its share. What
 * was never tried goes before what failed; two things that were never tried share the time between them.
 */
export class Turns {
  #running = 0;
  #runningAgain = 0;
  readonly #held = new Map<string, number>();
  /** Those that wait, by owner: the owner that was served last is the last in line. */
  readonly #firsts = new Line();
  readonly #agains = new Line();
  /** First turns that have lasted long enough to end early, the oldest first. */
  readonly #long = new Set<AbortController>();

  constructor(readonly limits: TurnsLimits) {}

  /** Does it when its turn has come. Its signal aborts when work that was never tried waits for the turn. */
  async take<T>(claim: Claim, act: (hurry: AbortSignal) => Promise<T>): Promise<T> {
    const hurry = new AbortController();
    await new Promise<void>((begin) => {
      (claim.isFirst ? this.#firsts : this.#agains).add({ claim, begin });
      this.#serve();
      if (claim.isFirst && this.#firsts.length > 0) this.#endOne();
    });
    let cancel = () => {};
    if (claim.isFirst) {
      const { quickMs, after } = this.limits;
      // An answer may have come while signalbox was busy, and was not looked at yet.
      cancel = after(quickMs, () => cancel = after(0, () => this.#ripen(hurry)));
    }
    try {
      return await act(hurry.signal);
    } finally {
      cancel();
      this.#long.delete(hurry);
      this.#note(claim, -1);
      this.#serve();
    }
  }

  /** Begins whatever may begin now. */
  #serve(): void {
    const { most, mostAgain, mostEach } = this.limits;
    const mayBegin = ({ of }: Claim) => (this.#held.get(of) ?? 0) < mostEach;
    while (this.#running < most) {
      const next = this.#firsts.take(mayBegin) ??
        (this.#runningAgain < mostAgain ? this.#agains.take(mayBegin) : undefined);
      if (next === undefined) return;
      this.#note(next.claim, 1);
      next.begin();
    }
  }

  #note({ of, isFirst }: Claim, by: 1 | -1): void {
    const held = (this.#held.get(of) ?? 0) + by;
    if (held === 0) this.#held.delete(of);
    else this.#held.set(of, held);
    this.#running += by;
    if (!isFirst) this.#runningAgain += by;
  }

  #ripen(hurry: AbortController): void {
    this.#long.add(hurry);
    if (this.#firsts.length > 0) this.#endOne();
  }

  #endOne(): void {
    const [oldest] = this.#long;
    if (oldest === undefined) return;
    this.#long.delete(oldest);
    oldest.abort();
  }
}

/** Those that wait: the owners take turns, and what one of them asks for comes in its order. */
class Line {
  length = 0;
  readonly #byOwner = new Map<string, Waiting[]>();

  add(waiting: Waiting): void {
    const { of } = waiting.claim;
    const own = this.#byOwner.get(of);
    if (own === undefined) this.#byOwner.set(of, [waiting]);
    else own.push(waiting);
    this.length++;
  }

  /** Takes the first that may begin out of the line. Owners that may not are as few as there are turns. */
  take(mayBegin: (claim: Claim) => boolean): Waiting | undefined {
    for (const [of, own] of this.#byOwner) {
      const [first] = own;
      if (first === undefined || !mayBegin(first.claim)) continue;
      own.shift();
      this.#byOwner.delete(of);
      if (own.length > 0) this.#byOwner.set(of, own);
      this.length--;
      return first;
    }
    return undefined;
  }
}
