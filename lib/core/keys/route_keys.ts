import { ACCESS_KEYS } from "./access_keys.ts";
import { ACME_KEYS } from "./acme_keys.ts";
import { BACKEND_KEYS } from "./backend_keys.ts";
import { GUARD_KEYS } from "./guard_keys.ts";
import { CONTAINER_KEYS } from "./container_keys.ts";
import { HOST_KEYS } from "./host_keys.ts";
import { MESSAGE_KEYS } from "./message_keys.ts";
import { LIMIT_KEYS } from "./limit_keys.ts";
import { PROTOCOL_KEYS } from "./protocol_keys.ts";
import { REDIRECT_KEYS } from "./redirect_keys.ts";
import type { RouteKey } from "./route_key.ts";
import { SERVER_KEYS } from "./server_keys.ts";
import { TLS_KEYS } from "./tls_keys.ts";
import { VARIANT_KEYS } from "./variant_keys.ts";

/** Every key of INTERLOCK_DATA and its label, group by group. Labels and JSON read through the same parsers. */
export const ROUTE_KEYS = {
  ...HOST_KEYS,
  ...PROTOCOL_KEYS,
  ...VARIANT_KEYS,
  ...REDIRECT_KEYS,
  ...ACME_KEYS,
  ...TLS_KEYS,
  ...ACCESS_KEYS,
  ...LIMIT_KEYS,
  ...MESSAGE_KEYS,
  ...GUARD_KEYS,
  ...SERVER_KEYS,
  ...BACKEND_KEYS,
  ...CONTAINER_KEYS,
} as const satisfies Readonly<Record<string, RouteKey>>;

/** The name of a key, as INTERLOCK_DATA has it. */
export type KeyName = keyof typeof ROUTE_KEYS;

/** Every name of a key, in the order of the table. */
export const KEY_NAMES = Object.keys(ROUTE_KEYS) as readonly KeyName[];

/** Whether a text is the name of a key. */
export const isKeyName = (name: string): name is KeyName => Object.hasOwn(ROUTE_KEYS, name);

/** The row of a key. */
export const keyNamed = (name: KeyName): RouteKey => ROUTE_KEYS[name];

/** Whether a key says who may come in, and how much of it: its route is closed where that cannot be known. */
export const protectsRoute = (name: KeyName): boolean =>
  ROUTE_KEYS[name].scope === "route" && keyNamed(name).isGuard === true;

/** The key of each label. */
export const KEY_OF_LABEL: ReadonlyMap<string, KeyName> = new Map(
  KEY_NAMES.map((name) => [ROUTE_KEYS[name].label, name]),
);
