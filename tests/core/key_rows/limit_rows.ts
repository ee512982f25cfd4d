import type { LIMIT_KEYS } from "../../../lib/core/keys/limit_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const LIMIT_ROWS = {
  rate_limit: {
    sample: ["100/10s", "100/10s"],
    right: ["1/1s", "1000000/1h", " 60/1m ", "5/s"],
    wrong: ["100", "0/1s", "1000001/1s", "10/2s", "10/1d", "-1/1s", "1/1s/ip", "1/constructor", 5, ""],
    rows: [/^routes[.]map rate \d+\/\d+\/(?:ip|host|header)$/, /^routes[.]map rate_header [a-z0-9_-]+$/],
  },
  rate_limit_by: {
    sample: ["host", "host"],
    right: ["ip", "header X-Api-Key", "header: authorization"],
    wrong: ["header", "header a b", "header a|b", "header %[src]", "cookie x", "", 5],
    // They are in the row of `rate_limit`.
    rows: [],
  },
  max_requests: {
    sample: [10, "10"],
    right: [1, 1_000_000],
    wrong: [0, -1, 1_000_001, 2.5, "x"],
    rows: [/^routes[.]map requests \d+$/],
  },
  max_body: {
    sample: [1_048_576, "1m"],
    right: [1, "10m", "10 MB", "2g", "64KiB", "100"],
    wrong: [0, -1, "0", "10t", "1.5m", "m", 1e300, true],
    rows: [/^routes[.]map body \d+$/],
  },
} satisfies RowsOf<keyof typeof LIMIT_KEYS>;
