import type { ACME_KEYS } from "../../../lib/core/keys/acme_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const ACME_ROWS = {
  acme: { sample: [false, "false"], right: [true, "on"], wrong: ["maybe", "letsencrypt"], rows: [] },
} satisfies RowsOf<keyof typeof ACME_KEYS>;
