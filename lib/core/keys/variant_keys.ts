import type { RouteKey } from "./route_key.ts";
import { parseCookieMatch, parseHeaderMatch, parseMethod, parseQueryMatch, parseShare } from "./variant.ts";

/** Which requests to a host and path a route is for. */
export const VARIANT_KEYS = {
  methods: {
    label: "method",
    kind: "string[]",
    most: 8,
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["match_method", "match_methods", "http_method"],
    meaning:
      "serve only requests with these methods; others go to the route of the same host and path that says nothing",
    parse: parseMethod,
  },
  match_headers: {
    label: "match_header",
    kind: "string[]",
    most: 8,
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["headers_match", "header_match"],
    meaning: "serve only requests with these headers: `X-Canary: yes`, or `X-Canary` for any value",
    parse: parseHeaderMatch,
  },
  match_query: {
    label: "match_query",
    kind: "string[]",
    most: 8,
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["query_match", "match_queries"],
    meaning: "serve only requests with these parameters in the query: `version=2`, or `version`",
    parse: parseQueryMatch,
  },
  match_cookies: {
    label: "match_cookie",
    kind: "string[]",
    most: 8,
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["cookie_match", "cookies_match"],
    meaning: "serve only requests with these cookies: `beta=1`, or `beta`",
    parse: parseCookieMatch,
  },
  share: {
    label: "share",
    kind: "integer",
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["canary", "percentage", "traffic_share"],
    meaning:
      "serve this percentage of the requests to the host and path; the others go to the other containers",
    parse: parseShare,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
