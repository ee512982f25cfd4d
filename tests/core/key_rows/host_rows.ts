import type { HOST_KEYS } from "../../../lib/core/keys/host_keys.ts";
import type { RowsOf } from "./key_row.ts";

const TEXT = String.raw`[A-Za-z0-9._~!$&()*+,;=:@%/?-]+`;

/** What the tests know of these keys: one that is missing does not compile. */
export const HOST_ROWS = {
  enable: { sample: [true, ""], right: [true, false, "on", "OFF", 1, 0], wrong: ["maybe", 2] },
  hostname: { sample: ["www", "www"], right: ["*", "*.example.org"], wrong: ["a b", "-a", "a..b"] },
  domain: { sample: ["example.com", "example.com"], right: ["Example.ORG."], wrong: ["*", "-a.com"] },
  alias_domains: {
    sample: [["foo.com"], "foo.com"],
    right: [["good.example", "*.good.example", "alias.example"]],
    wrong: ["not ok", 5],
  },
  port: { sample: [8080, "8080"], right: [80, 65535], wrong: [0, 65536, -1, 1e9, 80.5, "x"] },
  network: { sample: ["web", "web"], right: ["bridge"], wrong: ["a b", ""] },
  context_root: { sample: ["/app", "/app"], right: ["/a%20b", "/"], wrong: ["/%[src]", "/a b", "app"] },
  context_root_rewrite: {
    sample: [true, "1"],
    right: [false],
    wrong: ["maybe"],
    rows: [new RegExp(`^routes[.]map prefix /${TEXT}$`), /^routes[.]map segments \d+$/],
  },
} satisfies RowsOf<keyof typeof HOST_KEYS>;
