import type { Backend, Server } from "../model/model.ts";
import { isDnsName, type ServerName } from "../values/names.ts";
import type { ServerState } from "../runtime/operation.ts";
import type { ReportedServer } from "./survey.ts";

/** The columns of HAProxy's server state file, version 1 (management guide, `show servers state`). */
const HEADER =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
  "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr " +
  "srv_agent_addr srv_agent_port";

/**
 * The state file of a generation: servers that may not have traffic yet start in maintenance, those whose check had failed
 * start as down, and those that have names begin at the address that was found last. Nothing else is carried over this
 * way, since an old address or state would beat the new config (haproxy issue 3296).
 */
export function renderServerStates(
  backends: readonly Backend[],
  states: ReadonlyMap<ServerName, ServerState>,
  reported: readonly ReportedServer[],
): string {
  const known = new Map(reported.map((server) => [server.name, server]));
  const lines = ["1", HEADER];
  for (const backend of backends) {
    for (const server of backend.servers) {
      const start = startOf(server, states.get(server.name) ?? "ready", known.get(server.name));
      if (start === undefined) continue;
      const { weight, ssl_backend } = server.options;
      const { address, columns: [admin, checks] } = start;
      const name = isDnsName(server.address) ? server.address : "-";
      lines.push(
        `0 ${backend.name} ${server.numericId} ${server.name} ${address} ${admin} ${weight} ${weight} ${checks} ` +
          `0 0 1 ${name} ${server.port} - ${ssl_backend ? 1 : 0} 0 - - 0`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** States, and times and results of checks. */
type Columns = readonly [states: string, checks: string];

/** In maintenance, its check waiting. */
const HELD: Columns = ["0 1", "0 1 0 0 14"];
/** Layer 4 timed out, no rise counted, its check running. */
const DOWN: Columns = ["0 0", "0 6 3 0 6"];
/** Up, as a server without a line begins. */
const UP: Columns = ["2 0", "0 1 0 2 6"];

/** How a server begins, if it is to begin otherwise than as HAProxy has it begin. */
function startOf({ address, port }: Server, state: ServerState, before: ReportedServer | undefined) {
  // Most are so.
  if (state === "ready" && before === undefined) return undefined;
  const isNamed = isDnsName(address);
  const found = isNamed && before?.address !== "-" ? before?.address : undefined;
  const at = isNamed ? found ?? "-" : address;
  // One that drains is held for a moment: the next plan says again what it may have.
  if (state !== "ready") return { address: at, columns: HELD };
  if (before === undefined || at === "-") return undefined;
  const isDown = before.isReady && !before.isUp && before.port === port && before.address === at;
  if (isDown) return { address: at, columns: DOWN };
  return isNamed ? { address: at, columns: UP } : undefined;
}
