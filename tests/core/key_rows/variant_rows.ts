import type { VARIANT_KEYS } from "../../../lib/core/keys/variant_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const VARIANT_ROWS = {
  methods: { sample: [["POST"], "POST"], right: [["get", "HEAD"]], wrong: ["GET POST", "", "G\u241eT"] },
  match_headers: {
    sample: [["X-Canary: yes"], "X-Canary: yes"],
    right: [["x-canary", "Accept: text/html, */*"]],
    wrong: [": x", "a b: c", "X: ä", "X: \u241f", "X:\n", "X: "],
  },
  match_query: {
    sample: [["version=2"], "version=2"],
    right: [["v", "v=a b|c"]],
    wrong: ["=2", "a b", "v=\u241d"],
  },
  match_cookies: {
    sample: [["beta=1"], "beta=1"],
    right: [["beta", "x=a|b"]],
    wrong: ["=1", "a=b;c", "a=b c"],
  },
  share: { sample: [20, "20"], right: [0, 100], wrong: [101, -1, 2.5, "half"] },
} satisfies RowsOf<keyof typeof VARIANT_KEYS>;
