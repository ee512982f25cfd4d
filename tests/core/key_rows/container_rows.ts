import type { CONTAINER_KEYS } from "../../../lib/core/keys/container_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const CONTAINER_ROWS = {
  backend_protocol: {
    sample: ["h2", "h2"],
    right: ["h1"],
    wrong: ["http2", "H2", "h2 ssl", 2],
    words: "(?:proto h2|alpn h2,http/1[.]1 check-alpn h2,http/1[.]1)",
  },
  send_proxy: {
    sample: ["v2", "v2"],
    right: ["v1"],
    wrong: ["v3", true, "v2 ssl"],
    words: "send-proxy(?:-v2)? check-send-proxy",
  },
  max_connections: {
    sample: [20, "20"],
    right: [1, 100_000],
    wrong: [0, 100_001, "x"],
    words: "maxconn \\d+",
  },
  fail_limit: {
    sample: [3, "3"],
    right: [1, 1_000],
    wrong: [0, 1_001, 0.5],
    words: "observe layer[47] error-limit \\d+ on-error mark-down",
  },
  backup: { sample: [true, ""], right: [false], wrong: ["maybe"], words: "backup" },
  swarm: { sample: ["vip", "vip"], right: ["tasks"], wrong: ["ingress", 1, "VIP x"] },
  drain: { sample: ["30s", "30s"], right: [0, "1h"], wrong: [-1, "2h", true], words: "" },
} satisfies RowsOf<keyof typeof CONTAINER_KEYS>;
