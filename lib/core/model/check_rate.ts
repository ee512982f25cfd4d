import type { ContainerView } from "../snapshot/snapshot.ts";
import type { Attempt } from "./attempt.ts";

/** Checks of one container in a second, all its routes together: one over TLS takes HAProxy a quarter of a millisecond. */
const MOST_CHECKS = 64;

/** The shortest interval of a key (`check_interval`), in milliseconds. */
const SHORTEST_MS = 100;

/**
 * What a container offers, whose routes are not checked more often than that together, whichever container of a route decides
 * about its interval. Servers of files are the operator's.
 */
export function withinCheckRate(container: ContainerView, attempts: readonly Attempt[]): readonly Attempt[] {
  const offers = attempts.flatMap(({ offer }) => offer ?? []);
  const leastCheckMs = Math.ceil(offers.length * 1_000 / MOST_CHECKS);
  if (leastCheckMs <= SHORTEST_MS || container.listed !== undefined) return attempts;
  const bounded = attempts.map((attempt) =>
    attempt.offer === undefined
      ? attempt
      : { ...attempt, offer: { ...attempt.offer, server: { ...attempt.offer.server, leastCheckMs } } }
  );
  const stretched = offers.filter(({ data }) => (data.check_interval ?? leastCheckMs) < leastCheckMs);
  if (stretched.length === 0 || offers.some(({ server }) => server.gate === "created")) return bounded;
  const message =
    `check_interval of ${stretched.length} of its ${offers.length} routes is ${leastCheckMs} ms: ` +
    `a container is checked ${MOST_CHECKS} times a second at most`;
  return [
    { notices: [{ severity: "warning", code: "too-many", subject: container.name, message }] },
    ...bounded,
  ];
}
