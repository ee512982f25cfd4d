import type { RouteKey } from "./route_key.ts";

/** Where else clients are sent. */
export const REDIRECT_KEYS = {
  ssl_only: {
    label: "ssl_only",
    kind: "boolean",
    scope: "route",
    flag: "tls",
    costs: "route",
    isGuard: true,
    otherNames: [
      "https_only",
      "tls_only",
      "force_ssl",
      "force_https",
      "https_redirect",
      "ssl_redirect",
      "secure",
    ],
    meaning: "redirect plain HTTP to HTTPS",
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
