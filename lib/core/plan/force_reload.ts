import type { Capabilities, Plan } from "./plan.ts";
import type { ReloadReason } from "./reload_reason.ts";
import type { Operation } from "../runtime/operation.ts";

/** A plan that needs a reload. */
export type Reload = Extract<Plan, { kind: "reload" }>;

/** What of a plan needs no reload. */
export const meanwhileOf = (plan: Plan): readonly Operation[] =>
  plan.kind === "reload" ? plan.meanwhile : plan.kind === "runtime" ? plan.operations : [];

/** The plan, as a reload where one was asked for, or where HAProxy takes no commands and something differs. */
export function withAsked(
  plan: Plan,
  asked: ReloadReason | undefined,
  { canSetStates }: Pick<Capabilities, "canSetStates">,
): Plan {
  if (asked === undefined && (canSetStates || plan.kind === "nothing")) return plan;
  const reasons = plan.kind === "reload" ? plan.reasons : [];
  const isCommand = asked === undefined && reasons.length === 0;
  return {
    kind: "reload",
    reasons: [
      ...asked === undefined ? [] : [asked],
      ...isCommand ? [{ kind: "external" } as const] : reasons,
    ],
    // Nothing is sent where HAProxy is another than it was believed to be, or where others run it.
    meanwhile: canSetStates && asked?.kind !== "diverged" ? meanwhileOf(plan) : [],
  };
}
