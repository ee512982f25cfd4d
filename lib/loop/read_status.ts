import type { Controller } from "./controller.ts";
import { type Status, statusOf } from "../core/status/status.ts";
import { VERSION } from "../version.ts";

/** How a controller stands now, with what HAProxy itself reports of its servers. */
export async function readStatus(
  controller: Controller,
  startedAt: Date,
  listeners: Status["listeners"],
): Promise<Status> {
  const { haproxy } = controller.parts;
  const [reported, described] = await Promise.all([
    haproxy.reportServers().catch(() => []),
    haproxy.describe(),
  ]);
  const program = { version: VERSION, pid: Deno.pid, startedAt: startedAt.toISOString(), listeners };
  return statusOf(program, controller.state, described, reported);
}
