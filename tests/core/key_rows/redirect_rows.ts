import type { REDIRECT_KEYS } from "../../../lib/core/keys/redirect_keys.ts";
import type { RowsOf } from "./key_row.ts";

/** What the tests know of these keys: one that is missing does not compile. */
export const REDIRECT_ROWS = {
  ssl_only: { sample: [false, "no"], right: [true], wrong: ["maybe"], rows: [] },
} satisfies RowsOf<keyof typeof REDIRECT_KEYS>;
