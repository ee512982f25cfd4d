import { systemClock } from "../../clock.ts";
import type { ShownConfig } from "../../core/status/shown_config.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { serveAdmin } from "../../report/admin.ts";
import { fetchText } from "../../report/control_socket.ts";
import { withRouteIds } from "../../report/haproxy_metrics.ts";
import type { LiveView } from "../../report/live_view.ts";
import type { SteadyServer } from "../../report/steady_server.ts";
import { failed } from "../failure.ts";
import type { StatusParts } from "./open_control.ts";
import type { RunContext } from "./run_context.ts";

/** The path of HAProxy's metrics. */
export const metricsSocketOf = (stateDir: string): string => `${stateDir}/metrics.sock`;

/** What the page answers from. */
type AdminParts = StatusParts & {
  readonly mayWait: boolean;
  readonly live: LiveView;
  readonly config: () => Promise<ShownConfig>;
  /** The spare backend of each route that one serves. */
  readonly bindings: () => ReadonlyMap<string, string>;
};

/** Serves the page of `--admin`; `undefined` without that setting. Throws Failure where its address cannot be had. */
export function openAdmin(
  { settings, stateDir }: RunContext,
  // After a handover signalbox has to run, with or without its page.
  { bindings, ...parts }: AdminParts,
): SteadyServer | undefined {
  if (settings.admin === undefined) return undefined;
  const { hostname, port } = settings.admin;
  const ask = (path: string) =>
    settings.external
      ? Promise.reject(new Error("others run HAProxy"))
      : fetchText(metricsSocketOf(stateDir), path);
  try {
    return serveAdmin({
      ...parts,
      clock: systemClock,
      listen: () => Deno.listen({ hostname, port }),
      page: async () => (await import("#page")).default,
      haproxyMetrics: async () => withRouteIds(await ask("/metrics"), bindings()),
      monitorHaproxy: () => ask("/haproxy?monitor"),
    });
  } catch (error) {
    throw failed(`cannot serve --admin at ${hostname}:${port}: ${messageOf(error)}, expected a free port`);
  }
}
