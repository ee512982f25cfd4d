import { systemClock } from "../../clock.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { serveAdmin } from "../../report/admin.ts";
import { fetchText } from "../../report/control_socket.ts";
import type { SteadyServer } from "../../report/steady_server.ts";
import { failed } from "../failure.ts";
import type { StatusParts } from "./open_control.ts";
import type { RunContext } from "./run_context.ts";

/** The path of HAProxy's metrics. */
export const metricsSocketOf = (stateDir: string): string => `${stateDir}/metrics.sock`;

/** Serves the page of `--admin`; `undefined` without that setting. Throws Failure where its address cannot be had. */
export function openAdmin(
  { settings, stateDir }: RunContext,
  // After a handover signalbox has to run, with or without its page.
  { status, onFailure, mayWait }: StatusParts & { readonly mayWait: boolean },
): SteadyServer | undefined {
  if (settings.admin === undefined) return undefined;
  const ask = (path: string) =>
    settings.external
      ? Promise.reject(new Error("others run HAProxy"))
      : fetchText(metricsSocketOf(stateDir), path);
  const haproxyMetrics = () => ask("/metrics");
  const monitorHaproxy = () => ask("/haproxy?monitor");
  try {
    return serveAdmin({
      ...settings.admin,
      clock: systemClock,
      status,
      haproxyMetrics,
      monitorHaproxy,
      onFailure,
      mayWait,
    });
  } catch (error) {
    const { hostname, port } = settings.admin;
    throw failed(`cannot serve --admin at ${hostname}:${port}: ${messageOf(error)}, expected a free port`);
  }
}
