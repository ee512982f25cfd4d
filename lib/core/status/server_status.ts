import type { Server } from "../model/model.ts";
import type { ReportedServer } from "../state/survey.ts";
import { count } from "../values/count.ts";
import { formatEndpoint, type ServerName } from "../values/names.ts";
import type { ServerStatus } from "./route_status.ts";

/** What HAProxy says of a server. */
export type ServerReport = Pick<ReportedServer, "isUp" | "isReady"> & { readonly address?: string };

/**
 * Looks up whether a server has traffic, and why not. `reported` is what HAProxy says of its servers; nothing where it says
 * nothing at all, as one does that others run.
 */
export function serverReader(
  state: {
    readonly waiting: ReadonlyMap<ServerName, string>;
    readonly trouble: string | undefined;
    readonly spaced: { readonly waitMs: number } | undefined;
  },
  isServing: boolean,
  reported: ReadonlyMap<ServerName, ServerReport>,
  unreported: "are missing" | "may have come since" = "are missing",
): (server: Server) => ServerStatus {
  const lacking = state.trouble === undefined
    ? `HAProxy does not have this server yet${
      state.spaced === undefined ? "" : `: its reload waits ${secondsOf(state.spaced.waitMs)}`
    }`
    : `HAProxy is not in step: ${state.trouble}`;
  const isMissing = ({ name }: Server) =>
    unreported === "are missing" && isServing && reported.size > 0 && !reported.has(name);
  return (server) => {
    const base = {
      container: server.containerName,
      address: formatEndpoint(server.address, server.port),
    };
    const waits = state.waiting.get(server.name);
    const why = isMissing(server) ? waits ?? lacking : waits;
    if (server.gate === "stopping" || server.gate === "leaving") return { ...base, state: "draining", why };
    if (why !== undefined) return { ...base, state: "waiting", why };
    const what = troubleOf(isServing, reported.get(server.name));
    return { ...base, state: what === undefined ? "ready" : "down", why: what };
  };
}

/** Whole seconds in words, rounded up. */
export const secondsOf = (milliseconds: number): string => count(Math.ceil(milliseconds / 1_000), "second");

/** Why a server that should have traffic has none. */
function troubleOf(isServing: boolean, reported: ServerReport | undefined): string | undefined {
  if (!isServing) return "HAProxy does not serve";
  if (reported?.isReady === false) return "somebody else took it out";
  if (reported?.isUp !== false) return undefined;
  return reported.address === "-" ? "no name server tells its address" : "its health check fails";
}
