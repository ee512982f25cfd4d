import { between, oneOf } from "./plain_parsers.ts";
import type { RouteKey } from "./route_key.ts";

/** How HAProxy speaks to one container, and how much it gives to it. */
export const CONTAINER_KEYS = {
  backend_protocol: {
    label: "backend_protocol",
    kind: "string",
    scope: "server",
    costs: "route",
    fallback: "h1",
    otherNames: ["backend_proto", "upstream_protocol", "scheme", "grpc"],
    meaning: "`h1` (default), or `h2` for HTTP/2 to the container, as gRPC needs it",
    parse: oneOf("h1", "h2"),
  },
  send_proxy: {
    label: "send_proxy",
    kind: "string",
    scope: "server",
    streams: "tcp",
    costs: "route",
    otherNames: ["proxy_protocol", "send_proxy_protocol"],
    meaning: "begin each connection with the client's address in the PROXY protocol: `v1` or `v2`",
    parse: oneOf("v1", "v2"),
  },
  max_connections: {
    label: "max_connections",
    kind: "integer",
    scope: "server",
    streams: "tcp",
    costs: "key",
    otherNames: ["maxconn", "max_conn", "maxconn_server"],
    meaning:
      "how many requests the container gets at a time (1 to 100000); the others wait for `queue_timeout`",
    parse: between(1, 100_000),
  },
  fail_limit: {
    label: "fail_limit",
    kind: "integer",
    scope: "server",
    streams: "tcp",
    costs: "key",
    otherNames: ["max_fails", "error_limit", "circuit_breaker"],
    meaning:
      "how many requests in a row may fail, or get 5xx, before the container waits for its next good check",
    parse: between(1, 1_000),
  },
  backup: {
    label: "backup",
    kind: "boolean",
    scope: "server",
    streams: "tcp",
    costs: "key",
    fallback: false,
    otherNames: ["fallback", "failover", "standby"],
    meaning: "it gets requests only while no other container of the host can",
  },
  swarm: {
    label: "swarm",
    kind: "string",
    scope: "place",
    streams: "tcp",
    costs: "key",
    fallback: "tasks",
    otherNames: ["endpoint_mode", "lbswarm", "docker_lbswarm"],
    meaning:
      "how the tasks of a Swarm's service are reached: `tasks` (default), each by itself, or `vip`, all at one address",
    parse: oneOf("tasks", "vip"),
  },
  drain: {
    label: "drain",
    kind: "time",
    scope: "server",
    costs: "key",
    fallback: 0,
    needs: { key: "sticky_session_cookie" },
    otherNames: ["drain_timeout", "drain_time", "grace_period"],
    meaning:
      "how long it keeps its sticky clients (up to 1h) once it is told to stop, while it answers; default 0",
    parse: between(0, 3_600_000, "milliseconds"),
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
