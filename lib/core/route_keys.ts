import { type HaproxyVersion, parseBackendOption } from "./backend_option.ts";
import { parseBalance } from "./balance.ts";
import { parseHealthCheck } from "./health_check.ts";
import { parseHost, parseHostname, parsePathPrefix, parsePort } from "./names.ts";
import { expected, type Parsed, parsed } from "./notice.ts";
import type { RouteData } from "./route_data.ts";

/** What a value is, as JSON has it. */
export type Kind = "string" | "string[]" | "integer" | "boolean";

/** One key that a container may use; the README's table is made from this. */
export type RouteKey = {
  /** Its label, without `interlock.` in front; lists take `.N` after it too. */
  readonly label: string;
  readonly kind: Kind;
  /** A wrong value costs the route, not only the key. */
  readonly isVital: boolean;
  readonly meaning: string;
  /** Reads one value of the kind (one element, for a list). */
  readonly parse: (value: never, version: HaproxyVersion) => Parsed<unknown>;
};

/** Every key of INTERLOCK_DATA and its label. Labels and JSON read through the same parsers. */
export const ROUTE_KEYS = {
  hostname: key(
    "hostname",
    "string",
    true,
    "overrides the container's hostname; combined with the domain",
    parseHostname,
  ),
  domain: key("domain", "string", true, "overrides the container's domain", parseHost),
  alias_domains: key(
    "alias_domain",
    "string[]",
    false,
    "more hosts for the same backend, with all its options",
    parseHost,
  ),
  port: key("port", "integer", true, "which container port to use", parsePort),
  warm: key("warm", "boolean", false, "get an HTTP answer from the container before it gets traffic", parsed),
  check: key(
    "health_check",
    "string",
    false,
    "the health check, as after HAProxy's `option`: `httpchk GET /`",
    parseHealthCheck,
  ),
  check_interval: key(
    "health_check_interval",
    "integer",
    false,
    "milliseconds between checks, default 5000",
    (value: number) =>
      value >= 100 && value <= 3_600_000 ? parsed(value) : expected("milliseconds from 100 to 3600000"),
  ),
  backend_options: key(
    "backend_option",
    "string[]",
    false,
    "each as HAProxy's `option X`, such as `http-server-close`",
    parseBackendOption,
  ),
  ssl_only: key("ssl_only", "boolean", false, "redirect plain HTTP to HTTPS", parsed),
  balance_algorithm: key(
    "balance_algorithm",
    "string",
    false,
    "how requests are spread, default roundrobin",
    parseBalance,
  ),
  weight: key(
    "weight",
    "integer",
    false,
    "its share of a host's requests beside those of the others, from 1 to 256, default 1",
    (value: number) => value >= 1 && value <= 256 ? parsed(value) : expected("a whole number from 1 to 256"),
  ),
  ssl_backend: key("ssl_backend", "boolean", false, "speak TLS to the container", parsed),
  ssl_backend_tls_verify: key(
    "ssl_backend_tls_verify",
    "string",
    false,
    "`none` (default) or `required`: whether the container's certificate must be valid for the host",
    (text: string) => text === "none" || text === "required" ? parsed(text) : expected("none or required"),
  ),
  network: key(
    "network",
    "string",
    false,
    "which network's address to use",
    (text: string) =>
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text) ? parsed(text) : expected("a network's name"),
  ),
  context_root: key(
    "context_root",
    "string",
    false,
    "serve only the paths under this one, such as `/app`",
    parsePathPrefix,
  ),
  context_root_rewrite: key(
    "context_root_rewrite",
    "boolean",
    false,
    "take that path off before the container sees the request",
    parsed,
  ),
} as const satisfies Record<Exclude<keyof RouteData, "source" | "isLost" | "isExplicit">, RouteKey>;

/** Keys that do nothing without another one. */
export const NEEDED_KEYS = [
  ["ssl_backend_tls_verify", "ssl_backend"],
  ["context_root_rewrite", "context_root"],
] as const;

function key<T>(
  label: string,
  kind: Kind,
  isVital: boolean,
  meaning: string,
  parse: (value: T, version: HaproxyVersion) => Parsed<unknown>,
): RouteKey {
  return { label, kind, isVital, meaning, parse: parse as RouteKey["parse"] };
}
