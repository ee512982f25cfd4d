import type { Controller } from "./controller.ts";
import { type Status, statusOf } from "../core/status/status.ts";
import type { History } from "../core/status/history.ts";
import { VERSION } from "../version.ts";

/** How a controller stands now, with what HAProxy itself reports of its servers. */
export async function readStatus(
  controller: Controller,
  startedAt: Date,
  listeners: Status["listeners"],
  history: History,
): Promise<Status> {
  const { haproxy } = controller.parts;
  const [reported, described] = await Promise.all([
    haproxy.reportServers().catch(() => []),
    haproxy.describe(),
  ]);
  const program = {
    version: VERSION,
    pid: Deno.pid,
    startedAt: startedAt.toISOString(),
    listeners,
    events: history.last,
    eventCounts: history.counts,
  };
  return statusOf(program, controller.state, described, reported);
}
