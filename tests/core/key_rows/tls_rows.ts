import type { TLS_KEYS } from "../../../lib/core/keys/tls_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const TLS_ROWS = {
  ssl_cert: {
    sample: ["shop.pem", "shop.pem"],
    right: ["a", "a.test", "_x-1.crt"],
    wrong: ["", "../shop.pem", "/etc/shop.pem", ".hidden", "a b", "a;b", "a\nb"],
    rows: [],
  },
  client_ca: {
    sample: ["staff.pem", "staff.pem"],
    right: ["a", "a.test", "_x-1.crt"],
    wrong: ["", "../staff.pem", "/etc/staff.pem", ".hidden", "a b", "a|b", "a;b", "a\nb"],
    rows: [/^routes[.]map clientca [A-Za-z0-9_][A-Za-z0-9._-]*$/],
  },
} satisfies RowsOf<keyof typeof TLS_KEYS>;
