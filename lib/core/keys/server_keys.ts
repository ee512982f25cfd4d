import { parseBackendOption } from "./backend_option.ts";
import { parseBalance } from "./balance.ts";
import { CONNECT_CHECK, parseHealthCheck } from "./health_check.ts";
import { between, oneOf } from "./plain_parsers.ts";
import type { RouteKey } from "./route_key.ts";

/** How requests get to the containers. */
export const SERVER_KEYS = {
  warm: {
    label: "warm",
    kind: "boolean",
    scope: "server",
    costs: "key",
    fallback: false,
    meaning: "get an HTTP answer from the container before it gets traffic",
  },
  weight: {
    label: "weight",
    kind: "integer",
    scope: "server",
    costs: "key",
    fallback: 1,
    meaning: "its share of the host's requests, relative to the other containers: 1 to 256, default 1",
    parse: between(1, 256),
  },
  slow_start: {
    label: "slow_start",
    kind: "time",
    scope: "server",
    costs: "key",
    otherNames: ["slowstart", "ramp_up"],
    meaning: "its share of the requests grows over this time (1s to 1h) once it is ready",
    parse: between(1_000, 3_600_000, "milliseconds"),
  },
  balance_algorithm: {
    label: "balance_algorithm",
    kind: "string",
    scope: "backend",
    costs: "key",
    otherNames: ["balance", "lb_algorithm", "load_balancing"],
    meaning:
      "how requests are spread, default roundrobin; `hash cookie NAME` sends equal values to one container",
    parse: parseBalance,
  },
  check: {
    label: "health_check",
    kind: "string",
    scope: "backend",
    costs: "key",
    fallback: CONNECT_CHECK,
    meaning: "the health check, as after HAProxy's `option`: `httpchk GET /`",
    parse: parseHealthCheck,
  },
  check_interval: {
    label: "health_check_interval",
    kind: "integer",
    scope: "backend",
    costs: "key",
    fallback: 5_000,
    meaning: "milliseconds between checks, default 5000",
    parse: between(100, 3_600_000, "milliseconds"),
  },
  backend_options: {
    label: "backend_option",
    kind: "string[]",
    scope: "backend",
    costs: "key",
    meaning: "each as HAProxy's `option X`, such as `http-server-close`",
    parse: parseBackendOption,
  },
  ssl_backend: {
    label: "ssl_backend",
    kind: "boolean",
    scope: "server",
    costs: "route",
    isGuard: true,
    fallback: false,
    otherNames: ["tls_backend", "backend_ssl", "backend_tls"],
    meaning: "speak TLS to the container",
  },
  ssl_backend_tls_verify: {
    label: "ssl_backend_tls_verify",
    kind: "string",
    scope: "server",
    costs: "route",
    isGuard: true,
    fallback: "none",
    needs: { key: "ssl_backend", isOpenWithout: (value: string) => value === "required" },
    otherNames: ["ssl_backend_verify", "ssl_verify", "tls_verify"],
    meaning: "`none` (default) or `required`: whether the container's certificate must be valid for the host",
    parse: oneOf("none", "required"),
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
