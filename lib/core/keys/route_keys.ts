import { parseBackendOption } from "./backend_option.ts";
import { parseBalance } from "./balance.ts";
import { CONNECT_CHECK, parseHealthCheck } from "./health_check.ts";
import { between, matching, oneOf } from "./plain_parsers.ts";
import { parseHost, parseHostname, parsePathPrefix, parsePort } from "../values/names.ts";
import { stripRows } from "./strip.ts";
import type { RouteKey } from "./route_key.ts";

/** Every key of INTERLOCK_DATA and its label. Labels and JSON read through the same parsers. */
export const ROUTE_KEYS = {
  enable: {
    label: "enable",
    kind: "boolean",
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: ["disable", "disabled", "ignore", "exclude", "skip", "hidden", "expose", "private"],
    meaning: "`false` leaves it out; `true` asks for it where `--opt-in` is set",
  },
  hostname: {
    label: "hostname",
    kind: "string",
    scope: "place",
    costs: "route",
    otherNames: ["hosts", "vhost", "virtual_host", "server_name"],
    meaning: "overrides the container's hostname; combined with the domain",
    parse: parseHostname,
  },
  domain: {
    label: "domain",
    kind: "string",
    scope: "place",
    costs: "route",
    meaning: "overrides the container's domain",
    parse: parseHost,
  },
  alias_domains: {
    label: "alias_domain",
    kind: "string[]",
    scope: "place",
    costs: "key",
    otherNames: ["aliases", "server_alias"],
    meaning: "more hosts for the same backend, with all its options",
    parse: parseHost,
  },
  port: {
    label: "port",
    kind: "port",
    scope: "place",
    costs: "route",
    meaning: "which container port to use",
    parse: parsePort,
  },
  warm: {
    label: "warm",
    kind: "boolean",
    scope: "server",
    costs: "key",
    fallback: false,
    meaning: "get an HTTP answer from the container before it gets traffic",
  },
  balance_algorithm: {
    label: "balance_algorithm",
    kind: "string",
    scope: "backend",
    costs: "key",
    meaning: "how requests are spread, default roundrobin",
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
    needs: { key: "ssl_backend", isOpenWithout: (value) => value === "required" },
    otherNames: ["ssl_backend_verify", "ssl_verify", "tls_verify"],
    meaning: "`none` (default) or `required`: whether the container's certificate must be valid for the host",
    parse: oneOf("none", "required"),
  },
  network: {
    label: "network",
    kind: "string",
    scope: "place",
    costs: "key",
    meaning: "which network's address to use",
    parse: matching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "a network's name"),
  },
  context_root: {
    label: "context_root",
    kind: "string",
    scope: "place",
    costs: "route",
    isGuard: true,
    otherNames: [
      ...["path", "paths", "path_prefix", "prefix", "context_path", "base_path", "url_path"],
      ...["subpath", "virtual_path", "location", "uri"],
    ],
    meaning: "serve only the paths under this one, such as `/app`",
    parse: parsePathPrefix,
  },
  context_root_rewrite: {
    label: "context_root_rewrite",
    kind: "boolean",
    scope: "route",
    flag: "strip",
    rows: stripRows,
    costs: "key",
    needs: { key: "context_root" },
    otherNames: ["rewrite", "strip_prefix", "strip_path"],
    meaning: "take that path off before the container sees the request",
  },
} as const satisfies Readonly<Record<string, RouteKey>>;

/** The name of a key, as INTERLOCK_DATA has it. */
export type KeyName = keyof typeof ROUTE_KEYS;

/** Every name of a key, in the order of the table. */
export const KEY_NAMES = Object.keys(ROUTE_KEYS) as readonly KeyName[];

/** Whether a text is the name of a key. */
export const isKeyName = (name: string): name is KeyName => Object.hasOwn(ROUTE_KEYS, name);

/** The row of a key. */
export const keyNamed = (name: KeyName): RouteKey => ROUTE_KEYS[name];

/** The key of each label. */
export const KEY_OF_LABEL: ReadonlyMap<string, KeyName> = new Map(
  KEY_NAMES.map((name) => [ROUTE_KEYS[name].label, name]),
);
