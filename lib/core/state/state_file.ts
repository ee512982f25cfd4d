import type { Backend } from "../model/model.ts";
import type { ServerName } from "../values/names.ts";
import type { ServerState } from "../runtime/operation.ts";
import type { ReportedServer } from "./survey.ts";

/** The columns of HAProxy's server state file, version 1 (management guide, `show servers state`). */
const HEADER =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
  "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr " +
  "srv_agent_addr srv_agent_port";

/**
 * The state file of a generation: servers that may not have traffic yet start in maintenance, and those whose check
 * had failed start as down. Nothing else is carried over this way, since an old address or state would beat the new
 * config (haproxy issue 3296).
 */
export function renderServerStates(
  backends: readonly Backend[],
  states: ReadonlyMap<ServerName, ServerState>,
  reported: readonly ReportedServer[],
): string {
  const down = new Map(
    reported.filter((server) => !server.isUp && server.isReady).map((server) => [server.name, server]),
  );
  const lines = ["1", HEADER];
  for (const backend of backends) {
    for (const server of backend.servers) {
      // One that drains is held for a moment: the next plan says again what it may have.
      const isHeld = (states.get(server.name) ?? "ready") !== "ready";
      const before = down.get(server.name);
      const isDown = before?.address === server.address && before.port === server.port;
      if (!isHeld && !isDown) continue;
      // Held: in maintenance, its check waiting. Down: layer 4 timed out, no rise counted, its check running.
      const { weight, ssl_backend } = server.options;
      const weights = `${weight} ${weight}`;
      const columns = isHeld ? `0 1 ${weights} 0 1 0 0 14` : `0 0 ${weights} 0 6 3 0 6`;
      const tls = ssl_backend ? 1 : 0;
      lines.push(
        `0 ${backend.name} ${server.numericId} ${server.name} ${server.address} ${columns} 0 0 1 - ${server.port} - ${tls} 0 - - 0`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
