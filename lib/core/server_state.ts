import type { Backend, Server } from "./model.ts";
import type { ServerState } from "./plan.ts";

/** The columns of HAProxy's server state file, version 1 (management guide, `show servers state`). */
const HEADER =
  "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
  "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr " +
  "srv_agent_addr srv_agent_port";

/** The key of a server in maps: `backend/server`, as HAProxy's commands write it. */
export const serverKey = (backend: Backend, server: Server): string => `${backend.name}/${server.name}`;

/**
 * The state file of a generation: the servers that may not have traffic yet start in maintenance. Nothing else is
 * carried over this way, since an old address or state would beat the new config (haproxy issue 3296).
 */
export function renderServerStates(
  backends: readonly Backend[],
  states: ReadonlyMap<string, ServerState>,
): string {
  const lines = ["1", HEADER];
  for (const backend of backends) {
    for (const server of backend.servers) {
      if (states.get(serverKey(backend, server)) !== "maint") continue;
      const tls = server.tls === undefined ? 0 : 1;
      lines.push(
        `0 ${backend.name} ${server.numericId} ${server.name} ${server.address} 0 1 1 1 0 1 0 0 14 0 0 1 - ${server.port} - ${tls} 0 - - 0`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The servers that may have traffic by what `show servers state` prints: no administrative state, and not down. */
export function parseReadyServers(text: string): ReadonlySet<string> {
  const rows = text.split("\n").map((line) => line.split(" "));
  const ready = rows.filter((row) => row.length > 6 && row[5] === "2" && row[6] === "0");
  return new Set(ready.map((row) => `${row[1]}/${row[3]}`));
}
