import type { REDIRECT_KEYS } from "../../../lib/core/keys/redirect_keys.ts";
import type { RowsOf } from "./key_row.ts";

const MOVE = String
  .raw`30[12378] (?:keep|end) (?:[*]|https?://) (?:[*]|[a-z0-9_.-]+(?::\d+)?)(?: /[A-Za-z0-9._~@%+=:/?&,;!*#\\-]*)?`;

/** What the tests know of these keys: one that is missing does not compile. */
export const REDIRECT_ROWS = {
  ssl_only: { sample: [false, "no"], right: [true], wrong: ["maybe"], rows: [] },
  redirects: {
    sample: [["old.example.com https://www.example.com"], "old.example.com https://www.example.com"],
    right: [
      ["~/blog/([0-9]+)/(.*) /posts/\\1-\\2 301", "~(/a|/b) www.example.com", "old.example.com/app /new"],
      [
        "~/b https://www.example.com:8443 302",
        "~/blog/([0-9]+)/(.*) /posts/\\1 301",
        "old.example.net a.b",
      ],
    ],
    wrong: [
      "old.example.com",
      "old.example.com a.b 200",
      "a.b a.b",
      "~(.*)* /x",
      "~/(.*) https://\\1/",
      "a.b /\\1",
      "~/[ x",
      "~/a|/b /x",
      "~.*.*x /x",
    ],
    rows: [
      new RegExp(`^redirects[.]map [^ ]+/ ${MOVE}$`),
      new RegExp(`^redirect_patterns[.]map [^ ]+[$] ${MOVE}$`),
    ],
  },
  canonical_host: {
    sample: ["www", "www"],
    right: ["naked", "www.example.org"],
    wrong: ["*.example.com", "a b", "www.", ""],
    rows: [/^routes[.]map canonical 308 keep [*] [a-z0-9_.-]+$/],
  },
} satisfies RowsOf<keyof typeof REDIRECT_KEYS>;
