import { accessSteps, askSteps, clientSteps, passwordSteps } from "./access_steps.ts";
import { bodySteps, busySteps, rateSteps } from "./limit_steps.ts";
import {
  beginSteps,
  bufferSteps,
  cacheSteps,
  corsSteps,
  headerSteps,
  hstsSteps,
  maintenanceSteps,
  retrySteps,
  timeoutSteps,
} from "./message_steps.ts";
import { pathSteps } from "./path_steps.ts";
import { redirectSteps, tlsSteps } from "./redirect_steps.ts";
import type { Passage, Step } from "./step.ts";

/** The rules of the frontend for what routes ask for, by the names of their files, in the order in which it has them. */
export const RULES: ReadonlyMap<string, (passage: Passage) => readonly Step[]> = new Map([
  ["begin", beginSteps],
  ["hsts", hstsSteps],
  ["access", accessSteps],
  ["cors", corsSteps],
  ["tls", tlsSteps],
  ["clients", clientSteps],
  ["redirect", redirectSteps],
  ["maintenance", maintenanceSteps],
  ["rate", rateSteps],
  ["body", bodySteps],
  ["auth", passwordSteps],
  ["ask", askSteps],
  ["cache", cacheSteps],
  ["strip", pathSteps],
  ["headers", headerSteps],
  ["buffer", bufferSteps],
  ["timeouts", timeoutSteps],
  ["retries", retrySteps],
  ["busy", busySteps],
]);

/** The steps of a request up to the one that answers it, which is the last. */
export function stepsOf(passage: Passage): readonly Step[] {
  const steps: Step[] = [];
  for (const rule of RULES.values()) {
    for (const step of rule(passage)) {
      steps.push(step);
      if (step.outcome === "answers") return steps;
    }
  }
  return steps;
}
