/** What the tests know of each key: the fuzz, the test of samples and the lines that a config may have come from it. */
import { BACKEND_OPTIONS } from "../../lib/core/keys/backend_option.ts";
import type { KeyOf } from "../../lib/core/keys/route_data.ts";
import type { KeyName } from "../../lib/core/keys/route_keys.ts";

/** A row of what the tests know; a key of a scope has what stands in the config for it. */
export type KeyRow = {
  /** A good value as JSON, and as a label. */
  readonly sample: readonly [json: unknown, label: string];
  /** More good values. */
  readonly right: readonly unknown[];
  /** Values, and elements of lists, that cannot be used. */
  readonly wrong: readonly unknown[];
};
type RowOf<K extends KeyName> =
  & KeyRow
  // Rows that it makes in tables, each as `TABLE WORD VALUE` without the route's id.
  & (K extends KeyOf<"route"> ? { readonly rows: readonly RegExp[] } : unknown)
  // Lines that it makes in a backend (HAProxy manual, 4.2).
  & (K extends KeyOf<"backend"> ? { readonly lines: readonly RegExp[] } : unknown)
  // Words that it makes in a server's line, as a regular expression; empty for none.
  & (K extends KeyOf<"server"> ? { readonly words: string } : unknown);

const TEXT = String.raw`[A-Za-z0-9._~!$&()*+,;=:@%/?-]+`;
const NAME = "[A-Za-z0-9_.:-]+";
const written = Object.entries(BACKEND_OPTIONS).flatMap(([name, { renamed }]) => [name, renamed?.to ?? name]);
const OPTION = [...new Set(written)].join("|");

/** One row for each key: a key without one does not compile. */
export const KEY_ROWS = {
  enable: { sample: [true, ""], right: [true, false, "on", "OFF", 1, 0], wrong: ["maybe", 2] },
  hostname: { sample: ["www", "www"], right: ["*", "*.example.org"], wrong: ["a b", "-a", "a..b"] },
  domain: { sample: ["example.com", "example.com"], right: ["Example.ORG."], wrong: ["*", "-a.com"] },
  alias_domains: {
    sample: [["foo.com"], "foo.com"],
    right: [["good.example", "*.good.example", "alias.example"]],
    wrong: ["not ok", 5],
  },
  port: { sample: [8080, "8080"], right: [80, 65535], wrong: [0, 65536, -1, 1e9, 80.5, "x"] },
  warm: { sample: [true, "true"], right: [false], wrong: ["maybe"], words: "" },
  balance_algorithm: {
    sample: ["leastconn", "leastconn"],
    right: ["hdr(X)", "url_param a", "random(2)", "static-rr"],
    wrong: ["rdp-cookie"],
    lines: [
      /^balance (?:roundrobin|static-rr|leastconn|first|source|random(?:\(\d+\))?|uri|hdr\([A-Za-z0-9-]+\)|url_param [\w-]+)$/,
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
  check_interval: { sample: [1000, "1000"], right: [100, 5000], wrong: [0, -5, 1e12], lines: [] },
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
  ssl_only: { sample: [false, "no"], right: [true], wrong: ["maybe"], rows: [] },
  weight: { sample: [10, "10"], right: [1, 256], wrong: [0, 257, 2.5, "7"], words: String.raw`weight \d+` },
  slow_start: {
    sample: [30_000, "30000"],
    right: ["30s", "1h", 1_000],
    wrong: [999, "30", "2h", true],
    words: String.raw`slowstart \d+`,
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
  network: { sample: ["web", "web"], right: ["bridge"], wrong: ["a b", ""] },
  context_root: { sample: ["/app", "/app"], right: ["/a%20b", "/"], wrong: ["/%[src]", "/a b", "app"] },
  context_root_rewrite: {
    sample: [true, "1"],
    right: [false],
    wrong: ["maybe"],
    rows: [new RegExp(`^routes[.]map prefix /${TEXT}$`), /^routes[.]map segments \d+$/],
  },
} satisfies { readonly [K in KeyName]: RowOf<K> };
