import { adviceOn, type HealthCheck } from "../core/keys/health_check.ts";
import type { Gate } from "../core/model/model.ts";

/** Whether a container answers, as far as signalbox knows. */
export type Proof =
  /** The engine still starts it: there is nothing to probe yet. */
  | { readonly kind: "held" }
  | { readonly kind: "probing"; readonly lastFailure: string | undefined }
  /** It did not answer within the limit; `whyLate` is the failure at that moment. */
  | { readonly kind: "late"; readonly lastFailure: string; readonly whyLate: string }
  | { readonly kind: "proven" };

/** The failure, with advice where a check got a 4xx answer: many servers refuse a request that names no host. */
export function whyWithAdvice(why: string | undefined, check: HealthCheck | undefined): string | undefined {
  const advice = check && / answers 4\d\d$/.test(why ?? "") ? adviceOn(check) : undefined;
  return advice === undefined ? why : `${why}: ${advice}`;
}

/** Why a container is not known to answer; `undefined` where it does. */
export function whyUnproven(proof: Proof | undefined): string | undefined {
  if (proof === undefined) return "not asked yet";
  if (proof.kind === "proven") return undefined;
  return (proof.kind === "held" ? undefined : proof.lastFailure) ?? "it has not answered yet";
}

/** Why a container has no traffic whose engine holds it back. */
export const GATES = {
  created: "it is being started",
  starting: "its health check is still starting",
  unhealthy: "its engine says that it is unhealthy",
  stopping: "it was told to stop, or may have moved",
} as const satisfies Partial<Record<Gate, string>>;
