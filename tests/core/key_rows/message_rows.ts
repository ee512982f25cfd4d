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
      "Remote-User: root",
      "REMOTE_USER: root",
      "-Remote-User",
      "X-Client-Cert-Subject: CN=root",
      "x_client_cert_fingerprint: 00",
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
  error_pages: {
    sample: ["shop", "shop"],
    right: ["a", "team-1_x"],
    wrong: ["../shop", "Shop", "a/b", "", "a b", "shop|", ".", "x".repeat(41), "a\nb", 5],
    rows: [/^routes[.]map pages [a-z0-9][a-z0-9_-]{0,39}$/],
  },
  maintenance: {
    sample: ["Back at noon.", "Back at noon."],
    right: [true, "<h1>Back %[src] at noon</h1>", false],
    wrong: ["a\nb", "x".repeat(4_001), "\u0000"],
    rows: [/^routes[.]map maintenance \P{Cc}+$/u],
  },
  cors_origins: {
    sample: [["https://a.test"], "https://a.test"],
    right: [["*"], [
      "http://localhost:3000",
      "https://B.test:443/",
      "capacitor://localhost",
      "http://[::1]:80",
    ]],
    wrong: ["a.test", "https://*.test", "https://a.test/x", "https://a|b", "https://a.test b", "null", "", 5],
    rows: [/^routes[.]map cors[|]([*]|[a-z0-9+.-]+:\/\/[a-z0-9_.:[\]-]+) \1$/],
  },
  cors_methods: {
    sample: [["PUT"], "put"],
    right: [["*"], ["DELETE", "PATCH"]],
    wrong: ["GET, PUT", "", "A|B", 5],
    rows: [/^routes[.]map corsmethods (?:[A-Z]+|[*])(?:, (?:[A-Z]+|[*]))*$/],
  },
  cors_headers: {
    sample: [["Content-Type"], "Content-Type"],
    right: [["*"], ["X-A", "X-B"]],
    wrong: ["X-A, X-B", "", "X|B", 5],
    rows: [/^routes[.]map corsheaders (?:[A-Za-z0-9_-]+|[*])(?:, (?:[A-Za-z0-9_-]+|[*]))*$/],
  },
  cors_credentials: {
    sample: [true, "true"],
    right: [false],
    wrong: ["maybe"],
    rows: [/^routes[.]map corscredentials true$/],
  },
  cors_max_age: {
    sample: [600, "600"],
    right: [0],
    wrong: [-1, 86_401],
    rows: [/^routes[.]map corsage \d+$/],
  },
  access_log: { sample: [false, "no"], right: [true], wrong: ["maybe"], rows: [] },
  cache: { sample: [true, "yes"], right: [false], wrong: ["maybe"], rows: [] },
  compress: {
    sample: [true, "yes"],
    right: [false],
    wrong: ["maybe"],
    lines: [/^compression algo gzip$/, /^compression type [a-z\/+ -]+$/],
  },
} satisfies RowsOf<keyof typeof MESSAGE_KEYS>;
