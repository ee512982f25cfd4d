import type { PROTOCOL_KEYS } from "../../../lib/core/keys/protocol_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const PROTOCOL_ROWS = {
  protocol: {
    sample: ["tcp", "tcp"],
    right: ["http", "tcp", "tls"],
    wrong: ["udp", "https", "TCP/5432", "", 5, true],
  },
  listen_port: {
    sample: [5432, "5432"],
    right: [1, 65_535],
    wrong: [0, 65_536, 54.32, "5432/tcp", "5432-5433", true],
  },
  ssl_passthrough: {
    sample: [true, "true"],
    right: [true, false, "yes", "off"],
    wrong: ["maybe", 5, []],
  },
} satisfies RowsOf<keyof typeof PROTOCOL_KEYS>;
