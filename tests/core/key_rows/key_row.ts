/** What the tests know of a key: the fuzz, the test of samples and what a config may have come of it. */
import type { KeyOf } from "../../../lib/core/keys/route_data.ts";
import type { KeyName } from "../../../lib/core/keys/route_keys.ts";

/** A row of what the tests know; a key of a scope has what stands in the config for it. */
export type KeyRow = {
  /** A good value as JSON, and as a label. */
  readonly sample: readonly [json: unknown, label: string];
  /** More good values. */
  readonly right: readonly unknown[];
  /** Values, and elements of lists, that cannot be used. */
  readonly wrong: readonly unknown[];
};
/** A row with all that the scope of its key asks for. */
export type RowOf<K extends KeyName> =
  & KeyRow
  // Rows that it makes in tables, each as `TABLE WORD VALUE` without the route's id.
  & (K extends KeyOf<"route"> ? { readonly rows: readonly RegExp[] } : unknown)
  // Lines that it makes in a backend (HAProxy manual, 4.2).
  & (K extends KeyOf<"backend"> ? { readonly lines: readonly RegExp[] } : unknown)
  // Words that it makes in a server's line, as a regular expression; empty for none.
  & (K extends KeyOf<"server"> ? { readonly words: string } : unknown);

/** The rows of some keys. */
export type RowsOf<K extends KeyName> = { readonly [N in K]: RowOf<N> };
