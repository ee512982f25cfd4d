import type { MESSAGE_KEYS } from "../../../lib/core/keys/message_keys.ts";
import type { RowsOf } from "./key_row.ts";

const CHANGES = "(?:-[A-Za-z0-9_-]+|[A-Za-z0-9_-]+: [^\\x00-\\x1f\\x7f␞]+)";
const changes = (word: string) => [new RegExp(`^routes[.]map ${word} ${CHANGES}(?:␞${CHANGES})*$`)];
const WRONG = [
  "X-A",
  "X A: b",
  "X-A: b\r\nX-B: c",
  "-",
  "X-A:",
  ": x",
  "-X-A: b",
  "X-A: a␞-B",
  "Content-Length: 5",
];

/** What the tests know of these keys: one that is missing does not compile. */
export const MESSAGE_ROWS = {
  request_headers: {
    sample: [["X-Team: blue"], "X-Team: blue"],
    right: [["-Cookie"], ['X-A: a: b, %[src] ${HOME} "c" | d', "X-B:1"], { "X-C": "1", "X-D": null }],
    wrong: [
      ...WRONG,
      "Host: a.local",
      "X-Forwarded-For: 1",
      "X_Forwarded_For: 1",
      "-CDN-Loop",
      "Upgrade: websocket",
      5,
    ],
    rows: changes("reqheaders"),
  },
  response_headers: {
    sample: [["X-Frame-Options: DENY"], "X-Frame-Options: DENY"],
    right: [["-Server"], ["Content-Security-Policy: default-src 'self'; img-src *"], {
      "X-C": "é",
      "Server": false,
    }],
    wrong: [...WRONG, "-Transfer-Encoding", "Connection: close", 5],
    rows: changes("resheaders"),
  },
  host_header: {
    sample: ["app.internal", "app.internal"],
    right: ["app.internal:8080", "10.0.0.1"],
    wrong: ["a b", "*.local", "a.local:99999", "", "a.local/x", 5],
    rows: [/^routes[.]map hostheader [a-z0-9_.-]+(?::\d+)?$/],
  },
} satisfies RowsOf<keyof typeof MESSAGE_KEYS>;
