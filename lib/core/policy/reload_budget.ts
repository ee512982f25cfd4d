import type { ReloadReason } from "../plan/reload_reason.ts";

/**
 * Reloads have a budget, so that a container that forces them (one that flaps and has options of its own) cannot end
 * the downloads of others: HAProxy ends an old worker after fifty more reloads (`mworker-max-reloads`), whatever its
 * connections were promised. The first of a while are at once, as many as a deployment needs; each place in the budget
 * comes back after a time. So fifty that are forced take as long as the longest promise (`--hard-stop-after`).
 */
export type ReloadBudget = {
  /** How many reloads may follow one another at once. */
  readonly free: number;
  /** After how many milliseconds a place comes back: no reload waits longer. */
  readonly refillMs: number;
};

/** How many reloads an old worker survives, as process.cfg says. */
const MOST_RELOADS = 50;
const FREE = 20;

/** The budget where connections may last for the milliseconds after a reload. */
export function reloadBudget(hardStopAfterMs: number): ReloadBudget {
  return { free: FREE, refillMs: Math.ceil(hardStopAfterMs / (MOST_RELOADS - FREE)) };
}

/** In how many milliseconds from a moment of the clock on all places are back. */
export type SpentReloads = { readonly backInMs: number; readonly atMs: number };

/** How long the next reload waits for a place, in milliseconds. */
export function budgetPauseMs(spent: SpentReloads, { free, refillMs }: ReloadBudget, nowMs: number): number {
  return Math.ceil(Math.max(0, backInMs(spent, nowMs) - (free - 1) * refillMs));
}

/** What is spent after one more reload; one that could not wait takes no more than there is. */
export function spendReload(
  spent: SpentReloads,
  { free, refillMs }: ReloadBudget,
  nowMs: number,
): SpentReloads {
  return { backInMs: Math.min(free * refillMs, backInMs(spent, nowMs) + refillMs), atMs: nowMs };
}

const backInMs = (spent: SpentReloads, nowMs: number): number =>
  Math.max(0, spent.backInMs - (nowMs - spent.atMs));

/** Reasons that never wait: a user asked for the reload, or others run HAProxy. */
const URGENT: ReadonlySet<ReloadReason["kind"]> = new Set(
  [
    "first-load",
    "asked",
    "unclear",
    "external",
  ] as const,
);

/**
 * Whether a reload for these reasons may wait. A divergence is mended at once where it is the first in as long as connections may
 * last: by somebody else's hand it is rare, and what a container can bring about again and again has a budget.
 */
export function canWait(reasons: readonly ReloadReason[], isFirstDivergence: boolean): boolean {
  return !reasons.some(({ kind }) => URGENT.has(kind) || (isFirstDivergence && isDivergence(kind)));
}

/** Whether HAProxy's state did not match ours. */
export const isDivergence = (kind: ReloadReason["kind"]): boolean => kind === "diverged";
