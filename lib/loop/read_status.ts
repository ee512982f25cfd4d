import type { Controller } from "./controller.ts";
import type { AcmeStatus } from "../core/status/acme_status.ts";
import { factsOf, type Status, type StatusFacts, statusOf } from "../core/status/status.ts";
import type { History } from "../core/status/history.ts";
import type { Tally } from "../core/status/tally.ts";
import { VERSION } from "../version.ts";

/** What does not change while it runs, and what has happened. */
export type ProgramFacts = Pick<Status, "listeners" | "serverLimit"> & {
  readonly startedAt: Date;
  readonly history: History;
  readonly tally: Tally;
  readonly acme?: () => AcmeStatus | undefined;
};

/** How a controller stands now, with what HAProxy itself reports of its servers. */
export async function readStatus(controller: Controller, facts: ProgramFacts): Promise<Status> {
  const { haproxy } = controller.parts;
  const [reported, described] = await Promise.all([
    haproxy.reportServers().catch(() => []),
    haproxy.describe(),
  ]);
  const { history, tally } = facts;
  const counted = { events: history.last, eventCounts: history.counts, tallied: tally.tallied };
  const program = { ...programOf(facts), ...counted };
  return statusOf(program, controller.state, described, reported);
}

/** What there is one of, with what HAProxy says of itself. */
export async function readFacts(controller: Controller, facts: ProgramFacts): Promise<StatusFacts> {
  const described = await controller.parts.haproxy.describe();
  return factsOf(programOf(facts), controller.state, described);
}

function programOf({ startedAt, history: _, tally: __, acme, ...facts }: ProgramFacts) {
  const fetching = acme?.();
  return {
    version: VERSION,
    pid: Deno.pid,
    startedAt: startedAt.toISOString(),
    ...facts,
    ...fetching !== undefined && { acme: fetching },
  };
}
