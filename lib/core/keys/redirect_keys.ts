import { canonicalRows, parseCanonicalHost, parseRedirect, patternRows, sourceOf } from "./redirect.ts";
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
    shown: () => "true",
    meaning: "redirect plain HTTP to HTTPS; `false` is an exception to `--https-redirect`",
  },
  redirects: {
    label: "redirect",
    kind: "string[]",
    scope: "route",
    flag: "moved",
    rows: patternRows,
    costs: "key",
    isShared: true,
    subjectOf: sourceOf,
    otherNames: ["redirect_to", "redirect_from", "moved", "rewrites"],
    meaning:
      "send clients elsewhere, each `source target [code]`: `old.example.com https://www.example.com 301`",
    parse: parseRedirect,
  },
  canonical_host: {
    label: "canonical_host",
    kind: "string",
    scope: "route",
    flag: "canonical",
    rows: canonicalRows,
    costs: "key",
    otherNames: ["www_redirect", "force_www", "primary_host", "main_host"],
    meaning: "redirect the route's other hosts to this one: `www`, `naked` (without `www.`), or a host",
    parse: parseCanonicalHost,
    shown: (host: string) => host,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
