import type { HOST_KEYS } from "../../../lib/core/keys/host_keys.ts";
import type { RowsOf } from "./key_row.ts";

const TEXT = String.raw`[A-Za-z0-9._~!$&()*+,;=:@%/?-]+`;

/** What the tests know of these keys: one that is missing does not compile. */
export const HOST_ROWS = {
  enable: { sample: [true, ""], right: [true, false, "on", "OFF", 1, 0], wrong: ["maybe", 2] },
  hostname: { sample: ["www", "www"], right: ["*", "*.example.org"], wrong: ["a b", "-a", "a..b"] },
  hosts: {
    sample: [["web.example.com"], "web.example.com"],
    right: [["*.example.net", "a.example.net"]],
    wrong: ["a b", "", "*"],
  },
  domain: { sample: ["example.com", "example.com"], right: ["Example.ORG."], wrong: ["*", "-a.com"] },
  alias_domains: {
    sample: [["foo.com"], "foo.com"],
    right: [["good.example", "*.good.example", "alias.example"]],
    wrong: ["not ok", 5],
  },
  host_regex: {
    sample: [["(.+)-preview[.]example[.]com"], "(.+)-preview[.]example[.]com"],
    right: [["[a-z]{2}\\.example\\.net", "~(a|b)[0-9]+"]],
    wrong: ["a/b", "(.*)*", "", "a b"],
  },
  default_host: { sample: [true, ""], right: [false], wrong: ["maybe"] },
  port: { sample: [8080, "8080"], right: [80, 65535], wrong: [0, 65536, -1, 1e9, 80.5, "x"] },
  network: { sample: ["web", "web"], right: ["bridge"], wrong: ["a b", ""] },
  context_root: {
    sample: ["/app", "/app"],
    right: ["/a%20b", "/", ["/a", "/b/c"], "/a/b/c/d/e/f/g/h/i"],
    wrong: ["/%[src]", "/a b", "app"],
  },
  context_root_rewrite: {
    sample: [true, "1"],
    right: [false],
    wrong: ["maybe"],
    rows: [new RegExp(`^prefixes[.]map (?:/${TEXT})?/ (?:/${TEXT})?[|]\\d+[|](?:/${TEXT})?$`)],
  },
  context_root_target: {
    sample: ["/v1", "/v1"],
    right: ["/a%20b/c"],
    wrong: ["v1", "/a b", "/.."],
    rows: [],
  },
  path_regex: {
    sample: ["/v([0-9])/(.*)", "/v([0-9])/(.*)"],
    right: ["/a", "/(x|y)?z"],
    wrong: ["(", "/(a+)+", "/a b", "/a|/b"],
    rows: [new RegExp(`^path_patterns[.]map [^ ]+[$] /[A-Za-z0-9._~@%+=:/,;!\\\\-]*$`)],
  },
  path_replacement: {
    sample: ["/\\2/\\1", "/\\2/\\1"],
    right: ["/", "/app/\\1"],
    wrong: ["app", "/\\0", "/a b", "/%[src]", "/../x"],
    rows: [],
  },
} satisfies RowsOf<keyof typeof HOST_KEYS>;
