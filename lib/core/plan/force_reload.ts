import type { Capabilities } from "./capabilities.ts";
import type { Plan } from "./plan.ts";
import type { ReloadReason } from "./reload_reason.ts";
import type { Operation } from "../runtime/operation.ts";

/** A plan that needs a reload. */
export type Reload = Extract<Plan, { kind: "reload" }>;

/** Reloads that somebody requested, or that HAProxy refused. */
export type Requests = {
  /** Why somebody requested a reload; `undefined` where nobody did. */
  readonly asked: ReloadReason | undefined;
  /** HAProxy refused what is wanted, as it is. */
  readonly isRefused: boolean;
};

/** What of a plan needs no reload. */
export const meanwhileOf = (plan: Plan): readonly Operation[] =>
  "meanwhile" in plan ? plan.meanwhile : plan.kind === "runtime" ? plan.operations : [];

/**
 * The plan, as a reload where one was asked for, or where HAProxy takes no commands and something differs. A reload that
 * would be refused again is blocked.
 */
export function forceReload(
  plan: Plan,
  { asked, isRefused }: Requests,
  { canSetStates }: Pick<Capabilities, "canSetStates">,
): Plan {
  const decided = asked === undefined && (canSetStates || plan.kind === "nothing")
    ? plan
    : withReload(plan, asked, canSetStates);
  return decided.kind === "reload" && asked === undefined && isRefused
    ? { ...decided, kind: "blocked" }
    : decided;
}

function withReload(plan: Plan, asked: ReloadReason | undefined, canSetStates: boolean): Reload {
  const reasons = plan.kind === "reload" ? plan.reasons : [];
  const isCommand = asked === undefined && reasons.length === 0;
  return {
    kind: "reload",
    reasons: [
      ...asked === undefined ? [] : [asked],
      ...isCommand ? [{ kind: "external" } as const] : reasons,
    ],
    // Nothing is sent where HAProxy's state does not match ours, or where others run HAProxy.
    meanwhile: canSetStates && asked?.kind !== "diverged" ? meanwhileOf(plan) : [],
  };
}
