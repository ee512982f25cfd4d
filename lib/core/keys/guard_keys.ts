import {
  answerHeaderRows,
  askRows,
  formatAuthService,
  keptAuthService,
  parseAnswerHeader,
  parseAuthService,
  splitUser,
} from "./forward_auth.ts";
import { formatUsers, keptCredential, parseCredential, parseRealm, userRows } from "./password.ts";
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
    kept: keptCredential,
    otherNames: [
      ...["auth", "auth_basic", "basicauth", "http_auth", "htpasswd", "users", "password", "passwords"],
      ...["credentials", "auth_users", "auth_user", "auth_secret"],
    ],
    meaning: "ask for a password: each `user:hash`, as `signalbox password USER` makes it",
    parse: parseCredential,
    shown: formatUsers,
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
  forward_auth: {
    label: "forward_auth",
    kind: "string",
    scope: "route",
    flag: "ask",
    rows: askRows,
    costs: "route",
    isGuard: true,
    since: [2, 5],
    hidesValue: "query",
    kept: keptAuthService,
    otherNames: [
      ...["auth_url", "auth_request", "external_auth", "forwardauth", "sso", "auth_service", "auth_proxy"],
    ],
    meaning: "ask this service who may come in: `container:port/path`, or `http://` with an address",
    parse: parseAuthService,
    shown: formatAuthService,
  },
  forward_auth_headers: {
    label: "forward_auth_headers",
    kind: "string[]",
    scope: "route",
    flag: "askheaders",
    rows: answerHeaderRows,
    costs: "key",
    needs: { key: "forward_auth" },
    // An older container believes the name that its password stands for.
    yields: [{ to: "basic_auth", of: "older", split: splitUser }],
    otherNames: ["auth_response_headers", "auth_headers", "copy_headers"],
    meaning: "headers of its answer that the container gets, such as `Remote-User`",
    parse: parseAnswerHeader,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
