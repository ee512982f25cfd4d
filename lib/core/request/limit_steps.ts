import { hasFlag, headerOf, type Passage, rowOf, type Step } from "./step.ts";

/** Requests are counted. */
export function rateSteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "rate")) return [];
  const rule = { rule: "rate", keys: ["rate_limit", "rate_limit_by"] } as const;
  const [count, seconds, by] = rowOf(passage, "rate")?.split("/") ?? [];
  if (count === undefined) {
    return [{ ...rule, outcome: "answers", says: "cannot count this request, and refuses", status: 503 }];
  }
  const words = by === "host" ? "the route" : by === "header" ? "each value of a header" : "each client";
  const says = `counts requests of ${words}, and refuses more than ${count} in ${seconds} s`;
  return [{ ...rule, outcome: "depends", says, status: 429 }];
}

/** Bodies that are too long are refused. */
export function bodySteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "body")) return [];
  const rule = { rule: "body", keys: ["max_body"] } as const;
  const most = rowOf(passage, "body");
  if (most === undefined) {
    return [{ ...rule, outcome: "answers", says: "cannot measure the body, and refuses", status: 503 }];
  }
  const length = headerOf(passage.request, "content-length");
  const says = `takes bodies of at most ${most} bytes`;
  if (length !== undefined && Number(length) > Number(most)) {
    return [{ ...rule, outcome: "answers", says: `${says}; this one has ${length}`, status: 413 }];
  }
  if (length === undefined && headerOf(passage.request, "transfer-encoding") !== undefined) {
    return [{ ...rule, outcome: "answers", says: `${says}; this one does not say its length`, status: 411 }];
  }
  return [{ ...rule, outcome: "passes", says }];
}

/** Requests under way are counted. */
export function busySteps(passage: Passage): Step[] {
  if (!hasFlag(passage, "busy")) return [];
  const rule = { rule: "busy", keys: ["max_requests"] } as const;
  const most = rowOf(passage, "requests");
  return [
    most === undefined
      ? { ...rule, outcome: "answers", says: "cannot count this request, and refuses", status: 503 }
      : { ...rule, outcome: "depends", says: `takes at most ${most} requests at a time`, status: 503 },
  ];
}
