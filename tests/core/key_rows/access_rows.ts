import type { ACCESS_KEYS } from "../../../lib/core/keys/access_keys.ts";
import type { RowsOf } from "./key_row.ts";

const ADDRESS = "(?:4[|][0-9A-F]{0,8}|6[|][0-9A-F]{0,32})";
const WRONG = [
  "10.0.0.0/33",
  "::/129",
  "10.0.0/8",
  "a.example",
  "10.0.0.1 10.0.0.2",
  "10.0.0.1,10.0.0.2",
  "",
  5,
];

/** What the tests know of these keys: one that is missing does not compile. */
export const ACCESS_ROWS = {
  allow_from: {
    sample: [["10.0.0.0/8"], "10.0.0.0/8"],
    right: [["internal", "2001:db8::/29", "192.0.2.7"], ["::ffff:192.0.2.0/120", "[2001:db8::1]"], [
      "0.0.0.0/0",
    ]],
    wrong: WRONG,
    rows: [new RegExp(`^addresses[.]map ${ADDRESS} (?:allow|deny|never)$`)],
  },
  deny_from: {
    sample: [["192.0.2.0/24"], "192.0.2.0/24"],
    right: [["internal", "2001:db8::/29", "192.0.2.7"], ["::/0"]],
    wrong: WRONG,
    // Those of `allow_from`.
    rows: [],
  },
} satisfies RowsOf<keyof typeof ACCESS_KEYS>;
