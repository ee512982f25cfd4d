import { count } from "../values/count.ts";
import { formatRate, formatRateBy, numberRow, parseRate, parseRateBy, rateRows } from "./limits.ts";
import { between } from "./plain_parsers.ts";
import type { RouteKey } from "./route_key.ts";

/** How much clients may ask for. */
export const LIMIT_KEYS = {
  rate_limit: {
    label: "rate_limit",
    kind: "string",
    scope: "route",
    flag: "rate",
    rows: rateRows,
    costs: "route",
    isGuard: true,
    otherNames: ["ratelimit", "rate", "limit_rps", "limit_req", "requests_per_second", "throttle"],
    meaning: "requests of one client in 1s, 10s, 1m or 1h, such as `100/10s`; more get 429",
    parse: parseRate,
    shown: formatRate,
  },
  rate_limit_by: {
    label: "rate_limit_by",
    kind: "string",
    scope: "route",
    flag: "rate",
    costs: "route",
    isGuard: true,
    needs: { key: "rate_limit", isOpenWithout: () => true },
    meaning: "what they are counted by: `ip` (default), `host` for the whole route, or `header NAME`",
    parse: parseRateBy,
    shown: formatRateBy,
  },
  max_requests: {
    label: "max_requests",
    kind: "integer",
    scope: "route",
    flag: "busy",
    rows: numberRow("requests"),
    costs: "route",
    isGuard: true,
    otherNames: ["in_flight", "inflight", "max_in_flight", "limit_connections", "concurrency"],
    meaning: "requests under way to the route at a time, WebSockets among them; more get 503",
    parse: between(1, 1_000_000),
    shown: (requests: number) => count(requests, "request"),
  },
  max_body: {
    label: "max_body",
    kind: "size",
    scope: "route",
    flag: "body",
    rows: numberRow("body"),
    costs: "route",
    isGuard: true,
    otherNames: ["max_body_size", "client_max_body_size", "body_size", "max_request_body", "proxy_body_size"],
    meaning:
      "bytes that the body of a request may have, such as `10m`; larger ones get 413, ones without a length 411",
    parse: between(1, 2 ** 50, "bytes"),
    shown: (bytes: number) => count(bytes, "byte"),
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
