import { systemClock } from "../../clock.ts";
import type { Settings } from "../../core/settings/settings.ts";
import type { Status } from "../../core/status/status.ts";
import { type ControlHandlers, serveControl } from "../../report/control_socket.ts";
import { absolute } from "../absolute.ts";
import { explainLive, type LiveWorld } from "../explain_live.ts";
import { givenAsEnvironment } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { RunContext } from "./run_context.ts";

/** What the control socket answers from. */
export type StatusParts = {
  readonly status: () => Promise<Status>;
  /** Called when the socket cannot be served for a while. */
  readonly onFailure: (error: unknown) => void;
};

/** Serves the control socket for `status`, `events`, `explain` and the next signalbox. */
export function openControl(
  { stateDir, settings: own, routing }: RunContext,
  answers: StatusParts & Pick<ControlHandlers, "events" | "live"> & Pick<LiveWorld, "state">,
  given: { readonly options: Record<string, unknown>; readonly terminal: Terminal },
  handOver: () => void,
): { readonly close: () => Promise<void> } {
  const settings = () => routingSettingsOf(given.options, given.terminal, own);
  const explain = (query: string) => explainLive(query, { ...answers, routing, stateDir, settings });
  return serveControl(stateDir, { ...answers, explain, clock: systemClock, settings, handOver });
}

/** The settings with absolute paths, and without a snapshot from a pipe, which cannot be read again. */
function routingSettingsOf(
  options: Record<string, unknown>,
  terminal: Terminal,
  { snapshot, routes, errorPages, dockerHostsFile }: Settings,
): Readonly<Record<string, string>> {
  const { SIGNALBOX_SNAPSHOT: _, ...others } = givenAsEnvironment(options, terminal, "explain");
  return {
    ...others,
    ...snapshot !== undefined && snapshot !== "-" && { SIGNALBOX_SNAPSHOT: absolute(snapshot) },
    ...dockerHostsFile !== undefined && { SIGNALBOX_DOCKER_HOSTS_FILE: absolute(dockerHostsFile) },
    ...errorPages !== undefined && { SIGNALBOX_ERROR_PAGES: absolute(errorPages) },
    ...routes.length > 0 && { SIGNALBOX_ROUTES: routes.map(absolute).join(",") },
  };
}
