import type { BACKEND_KEYS } from "../../../lib/core/keys/backend_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const BACKEND_ROWS = {
  server_timeout: {
    sample: ["5m", "5m"],
    right: [10, 86_400_000, "24h"],
    wrong: [9, 86_400_001, "25h", "5", true],
    rows: [/^routes[.]map server_timeout \d+$/],
  },
  tunnel_timeout: {
    sample: ["8h", "8h"],
    right: [10, 86_400_000],
    wrong: [0, "5 m", "-1s"],
    rows: [/^routes[.]map tunnel_timeout \d+$/],
  },
  connect_timeout: {
    sample: ["2s", "2s"],
    right: [10, 300_000],
    wrong: [9, "6m"],
    lines: [/^timeout connect \d+ms$/],
  },
  queue_timeout: {
    sample: ["10s", "10s"],
    right: [10, 300_000],
    wrong: [9, "6m"],
    lines: [/^timeout queue \d+ms$/],
  },
  retries: { sample: [0, "0"], right: [1, 2], wrong: [3, -1, "1.5"], rows: [/^routes[.]map retries [0-2]$/] },
  buffer_requests: { sample: [true, "on"], right: [false], wrong: ["16k"], rows: [] },
  sticky_session_cookie: {
    sample: ["SERVER", "SERVER"],
    right: ["a", "my-app_1"],
    wrong: ["", "JSESSIONID", "session", "a b", "a;b", "a=b", "1a", "__Host-a", "a.b", "a\n cookie x", 5],
    lines: [
      /^cookie [A-Za-z0-9._-]+ insert indirect nocache httponly(?: secure)? attr SameSite=Lax(?: attr Max-Age=\d+)? dynamic$/,
      /^dynamic-cookie-key(?: +(?:"\$\{SIGNALBOX_COOKIE_KEY\}"|none))?$/,
    ],
  },
  sticky_session_max_age: { sample: ["24h", "24h"], right: [1_000, "8760h"], wrong: [999, "1d"], lines: [] },
  sticky_session_secure: { sample: [true, ""], right: [false], wrong: ["maybe"], lines: [] },
} satisfies RowsOf<keyof typeof BACKEND_KEYS>;
