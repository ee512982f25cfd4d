import { parseCredential, parseRealm, userRows } from "./password.ts";
import type { RouteKey } from "./route_key.ts";
import { rowOf } from "./route_row.ts";

/** Who may come in. */
export const GUARD_KEYS = {
  basic_auth: {
    label: "basic_auth",
    kind: "string[]",
    scope: "route",
    flag: "auth",
    rows: userRows,
    costs: "route",
    isGuard: true,
    isSecret: true,
    otherNames: [
      ...["auth", "auth_basic", "basicauth", "http_auth", "htpasswd", "users", "password", "passwords"],
      ...["credentials", "auth_users", "auth_user", "auth_secret"],
    ],
    meaning: "ask for a password: each `user:hash`, as `signalbox password USER` makes it",
    parse: parseCredential,
  },
  basic_auth_realm: {
    label: "basic_auth_realm",
    kind: "string",
    scope: "route",
    flag: "realm",
    rows: (realm: string, route) => [rowOf(route, "realm", realm)],
    costs: "key",
    // Who asks for a password and names no users would be open to all.
    needs: { key: "basic_auth", isOpenWithout: () => true },
    otherNames: ["realm", "auth_realm"],
    meaning: "what a browser shows when it asks for the password, default the host",
    parse: parseRealm,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
