import { BACKEND_OPTIONS } from "../../../lib/core/keys/backend_option.ts";
import type { SERVER_KEYS } from "../../../lib/core/keys/server_keys.ts";
import type { RowsOf } from "./key_row.ts";

const TEXT = String.raw`[A-Za-z0-9._~!$&()*+,;=:@%/?-]+`;
const NAME = "[A-Za-z0-9_.:-]+";
const written = Object.entries(BACKEND_OPTIONS).flatMap(([name, { renamed }]) => [name, renamed?.to ?? name]);
const OPTION = [...new Set(written)].join("|");

/** What the tests know of these keys: one that is missing does not compile. */
export const SERVER_ROWS = {
  warm: { sample: [true, "true"], right: [false], wrong: ["maybe"], words: "" },
  weight: { sample: [10, "10"], right: [1, 256], wrong: [0, 257, 2.5, "7"], words: String.raw`weight \d+` },
  slow_start: {
    sample: [30_000, "30000"],
    right: ["30s", "1h", 1_000],
    wrong: [999, "30", "2h", true],
    words: String.raw`slowstart \d+`,
  },
  balance_algorithm: {
    sample: ["leastconn", "leastconn"],
    right: ["hdr(X)", "url_param a", "random(2)", "random 3", "static-rr", "ip_hash", "hash header X-User"]
      .concat(["hash cookie a.b_c-d", "hash query user", "hash path"]),
    wrong: [
      "rdp-cookie",
      "hash cookie",
      "hash cookie a,b",
      "hash cookie a)",
      "hash path /a",
      "random 0",
      "hash",
    ]
      .concat(["hash header a b", "hash query a\nb", "hash host", "hdr()"]),
    lines: [
      /^balance (?:roundrobin|static-rr|leastconn|first|source|random(?:\(\d+\))?|uri(?: path-only)?|hash req[.]cook\([\w.-]+\)|hdr\([A-Za-z0-9-]+\)|url_param [\w-]+)$/,
      /^hash-type consistent$/,
    ],
  },
  check: {
    sample: ["httpchk GET /", "httpchk GET /"],
    right: ["httpchk GET / HTTP/1.1\\r\\nHost:\\ a.b", "tcp-check", "redis-check", "httpchk /%s"],
    wrong: ["external-check", "httpchk GET / HTTP/2.0"],
    lines: [
      new RegExp(
        `^option (?:httpchk(?: [A-Z]+ ${TEXT}(?: HTTP/1\\.[01])?)?|tcp-check|ssl-hello-chk|redis-check|ldap-check)$`,
      ),
      /^option (?:smtpchk(?: (?:HELO|EHLO) [\w.-]+)?|(?:mysql|pgsql)-check(?: user [\w.-]+)?)$/,
      new RegExp(`^http-check send(?: hdr [A-Za-z0-9-]+ ${TEXT})+$`),
    ],
  },
  // It stands in the server's line, behind `check`.
  check_interval: {
    sample: [1000, "1000"],
    right: [100, 5000],
    wrong: [0, -5, 1e12],
    lines: [],
  },
  backend_options: {
    sample: [["http-no-delay"], "http-no-delay"],
    right: [["forwardfor except 10.0.0.0/8 header X-A if-none", "redispatch 3"], ["forceclose"]],
    wrong: ["transparent", "external-check command x", 5],
    lines: [
      new RegExp(
        `^option (?:${OPTION})(?: (?:except|header|if-none|preserve|delete|reject|[0-9A-Za-z:./-]+))*$`,
      ),
      /^http-after-response set-header Connection close$/,
    ],
  },
  ssl_backend: {
    sample: [true, ""],
    right: [true],
    wrong: ["maybe"],
    words:
      `(?:check-ssl )?ssl verify (?:none|required) (?:sni var\\(txn\\.host\\)|sni str\\(${NAME}\\) check-sni ${NAME})`,
  },
  ssl_backend_tls_verify: {
    sample: ["required", "required"],
    right: ["none"],
    wrong: ["optional"],
    words: `ca-file \\S+(?: verifyhost ${NAME})?`,
  },
  // Without its file a container is left out: no line of it stands in a config.
  ssl_backend_ca: {
    sample: ["internal.pem", "internal.pem"],
    right: ["a", "_x-1.crt"],
    wrong: ["", "../a.pem", "/etc/a.pem", ".hidden", "a b", "a\nb", "@system-ca"],
    words: "",
  },
  ssl_backend_cert: {
    sample: ["proxy.pem", "proxy.pem"],
    right: ["a", "_x-1.crt"],
    wrong: ["", "../a.pem", "/etc/a.pem", ".hidden", "a b", "a\nb"],
    words: "",
  },
  // It stands behind `sni`, as the host does.
  ssl_backend_sni: {
    sample: ["api.internal", "api.internal"],
    right: ["API.internal.", "x"],
    wrong: ["", "*.internal", "192.0.2.7", "a b", "~a"],
    words: "",
  },
} satisfies RowsOf<keyof typeof SERVER_KEYS>;
