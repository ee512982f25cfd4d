import { systemClock } from "../../clock.ts";
import type { Status } from "../../core/status/status.ts";
import { serveControl } from "../../report/control_socket.ts";
import { absolute } from "../routing.ts";
import { givenAsEnvironment } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import type { RunContext } from "./run_context.ts";

/** What the control socket answers from. */
export type StatusParts = {
  readonly status: () => Promise<Status>;
  /** Called when the socket cannot be served for a while. */
  readonly onFailure: (error: unknown) => void;
};

/** Serves the control socket for `status`, `explain` and the next signalbox. */
export function openControl(
  { stateDir, settings: { snapshot } }: RunContext,
  { status, onFailure }: StatusParts,
  given: { readonly options: Record<string, unknown>; readonly terminal: Terminal },
  handOver: () => void,
): { readonly close: () => Promise<void> } {
  const settings = () => routingSettingsOf(given.options, given.terminal, snapshot);
  return serveControl(stateDir, { clock: systemClock, status, onFailure, settings, handOver });
}

/** The settings with absolute paths, and without a snapshot from a pipe, which cannot be read again. */
function routingSettingsOf(
  options: Record<string, unknown>,
  terminal: Terminal,
  snapshot: string | undefined,
): Readonly<Record<string, string>> {
  const { SIGNALBOX_SNAPSHOT: _, ...others } = givenAsEnvironment(options, terminal, "explain");
  return snapshot === undefined || snapshot === "-"
    ? others
    : { ...others, SIGNALBOX_SNAPSHOT: absolute(snapshot) };
}
