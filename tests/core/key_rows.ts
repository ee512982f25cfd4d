/** What the tests know of every key, group by group. */
import type { KeyName } from "../../lib/core/keys/route_keys.ts";
import { ACCESS_ROWS } from "./key_rows/access_rows.ts";
import { TLS_ROWS } from "./key_rows/tls_rows.ts";
import { ACME_ROWS } from "./key_rows/acme_rows.ts";
import { BACKEND_ROWS } from "./key_rows/backend_rows.ts";
import { GUARD_ROWS } from "./key_rows/guard_rows.ts";
import { CONTAINER_ROWS } from "./key_rows/container_rows.ts";
import { HOST_ROWS } from "./key_rows/host_rows.ts";
import { MESSAGE_ROWS } from "./key_rows/message_rows.ts";
import type { RowsOf } from "./key_rows/key_row.ts";
import { LIMIT_ROWS } from "./key_rows/limit_rows.ts";
import { PROTOCOL_ROWS } from "./key_rows/protocol_rows.ts";
import { REDIRECT_ROWS } from "./key_rows/redirect_rows.ts";
import { VARIANT_ROWS } from "./key_rows/variant_rows.ts";
import { SERVER_ROWS } from "./key_rows/server_rows.ts";

export type { KeyRow } from "./key_rows/key_row.ts";

/** One row for each key: a key without one does not compile. */
export const KEY_ROWS = {
  ...HOST_ROWS,
  ...PROTOCOL_ROWS,
  ...VARIANT_ROWS,
  ...REDIRECT_ROWS,
  ...ACME_ROWS,
  ...TLS_ROWS,
  ...ACCESS_ROWS,
  ...MESSAGE_ROWS,
  ...GUARD_ROWS,
  ...LIMIT_ROWS,
  ...SERVER_ROWS,
  ...BACKEND_ROWS,
  ...CONTAINER_ROWS,
} satisfies RowsOf<KeyName>;
