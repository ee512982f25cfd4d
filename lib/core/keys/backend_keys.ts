import { between } from "./plain_parsers.ts";
import type { RouteKey } from "./route_key.ts";
import { valueRow } from "./route_row.ts";

/** How long HAProxy waits for the containers of a route, and how often it asks them. */
export const BACKEND_KEYS = {
  server_timeout: {
    label: "server_timeout",
    kind: "time",
    scope: "route",
    flag: "timeout",
    rows: valueRow("server_timeout"),
    costs: "key",
    since: [2, 6],
    otherNames: ["response_timeout", "read_timeout", "proxy_read_timeout", "target_timeout"],
    meaning: "how long the container may be silent (10ms to 24h), in place of `--server-timeout`",
    parse: between(10, 86_400_000, "milliseconds"),
  },
  tunnel_timeout: {
    label: "tunnel_timeout",
    kind: "time",
    scope: "route",
    flag: "timeout",
    rows: valueRow("tunnel_timeout"),
    costs: "key",
    since: [2, 6],
    otherNames: ["websocket_timeout"],
    meaning: "how long a WebSocket may be silent (10ms to 24h), in place of `--tunnel-timeout`",
    parse: between(10, 86_400_000, "milliseconds"),
  },
  connect_timeout: {
    label: "connect_timeout",
    kind: "time",
    scope: "backend",
    costs: "key",
    otherNames: ["dial_timeout"],
    meaning:
      "how long one try to connect to a container may take (10ms to 5m), in place of `--connect-timeout`",
    parse: between(10, 300_000, "milliseconds"),
  },
  queue_timeout: {
    label: "queue_timeout",
    kind: "time",
    scope: "backend",
    costs: "key",
    meaning: "how long a request waits for a free container (10ms to 5m) before it gets 503, default 5s",
    parse: between(10, 300_000, "milliseconds"),
  },
  retries: {
    label: "retries",
    kind: "integer",
    scope: "route",
    flag: "retries",
    rows: valueRow("retries"),
    costs: "key",
    since: [2, 6],
    otherNames: ["retry", "retry_attempts"],
    meaning: "how many other containers may get a request that one got and did not answer: 0 to 2, default 2",
    parse: between(0, 2),
  },
  buffer_requests: {
    label: "buffer_requests",
    kind: "boolean",
    scope: "route",
    flag: "buffer",
    costs: "key",
    otherNames: ["buffer_request", "buffering", "request_buffering"],
    meaning: "wait for a request's body, or its first 15 KB, before the container is asked",
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
