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
  hsts: {
    sample: [31536000, "31536000"],
    right: ["max-age=600; includeSubDomains;PRELOAD", 0, true, false],
    wrong: ["max-age=-1", "600 x", "max-age=1; x=y", 1.5, "99999999999", "max-age=1\r\nX: y", ""],
    rows: [/^routes[.]map hsts (?:none|max-age=[0-9]+(?:; (?:includeSubDomains|preload))*)$/],
  },
  maintenance: {
    sample: ["Back at noon.", "Back at noon."],
    right: [true, "<h1>Back %[src] at noon</h1>", false],
    wrong: ["a\nb", "x".repeat(4_001), "\u0000"],
    rows: [/^routes[.]map maintenance \P{Cc}+$/u],
  },
} satisfies RowsOf<keyof typeof MESSAGE_KEYS>;
