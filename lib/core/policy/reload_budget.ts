import type { ReloadReason } from "../plan/reload_reason.ts";

/**
 * Reloads come out of a budget, so that whoever forces them (a container that flaps with options of its own) cannot end
 * the downloads of others: HAProxy ends an old worker after fifty more reloads (`mworker-max-reloads`), whatever its
 * connections were promised. The first of a while are at once, as many as a deployment needs; each place in the budget
 * comes back after a time. So fifty that are forced take minutes, or as long as the promise where that is less.
 */
export type ReloadBudget = {
  /** How many reloads may follow one another at once. */
  readonly free: number;
  /** After how many milliseconds a place comes back: nobody waits longer for a reload. */
  readonly refillMs: number;
};

/** How many reloads an old worker survives, as process.cfg says. */
const MOST_RELOADS = 50;
const FREE = 20;
const LONGEST_REFILL_MS = 10_000;

/** The budget where connections may last for the milliseconds after a reload. */
export function reloadBudget(hardStopAfterMs: number): ReloadBudget {
  return {
    free: FREE,
    refillMs: Math.min(LONGEST_REFILL_MS, Math.ceil(hardStopAfterMs / (MOST_RELOADS - FREE))),
  };
}

/** Places that are used at a moment of the clock; what comes back does so bit by bit. */
export type SpentReloads = { readonly places: number; readonly atMs: number };

/** How long the next reload waits for a place, in milliseconds. */
export function budgetPauseMs(spent: SpentReloads, budget: ReloadBudget, nowMs: number): number {
  return Math.ceil(Math.max(0, used(spent, budget, nowMs) + 1 - budget.free) * budget.refillMs);
}

/** The places that are used after one more reload; one that could not wait takes no more than there are. */
export function spendReload(spent: SpentReloads, budget: ReloadBudget, nowMs: number): SpentReloads {
  return { places: Math.min(budget.free, used(spent, budget, nowMs) + 1), atMs: nowMs };
}

function used({ places, atMs }: SpentReloads, { refillMs }: ReloadBudget, nowMs: number): number {
  return Math.max(0, places - (nowMs - atMs) / refillMs);
}

/** What is done at once whatever it costs: somebody asked for it, HAProxy is not what it should be, or others run it. */
const URGENT: ReadonlySet<ReloadReason["kind"]> = new Set(
  [
    "first-load",
    "asked",
    "diverged",
    "unclear",
    "external",
  ] as const,
);

/** Whether a reload for these reasons may wait. */
export function canWait(reasons: readonly ReloadReason[]): boolean {
  return !reasons.some(({ kind }) => URGENT.has(kind));
}
