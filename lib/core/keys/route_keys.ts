import { type HaproxyVersion, parseBackendOption } from "./backend_option.ts";
import { parseBalance } from "./balance.ts";
import { parseHealthCheck } from "./health_check.ts";
import { parseHost, parseHostname, parsePathPrefix, parsePort } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import type { RouteData } from "./route_data.ts";

/** What a value is, as JSON has it. */
export type Kind = "string" | "string[]" | "integer" | "boolean";

/** One key that a container may use; the documents' tables are made from this. */
export type RouteKey = {
  /** Its label, without `interlock.` in front; lists take `.N` after it too. */
  readonly label: string;
  readonly kind: Kind;
  /** What a wrong value costs: the key alone, or the route, which is then left out. */
  readonly costs: "key" | "route";
  /**
   * It narrows, redirects or protects the route, or keeps it closed: who writes nearly its name means it, so that such
   * a word costs the route as a wrong value does. What was to be closed is never opened by a mistake.
   */
  readonly isGuard: boolean;
  /** What other tools call it: words that are not near by their letters. */
  readonly otherNames: readonly string[];
  readonly meaning: string;
  /** Reads one value of the kind (one element, for a list). */
  readonly parse: (value: never, version: HaproxyVersion) => Parsed<unknown>;
};

/** Every key of INTERLOCK_DATA and its label. Labels and JSON read through the same parsers. */
export const ROUTE_KEYS = {
  enable: key("enable", "boolean", "guard", {
    otherNames: ["disable", "disabled", "ignore", "exclude"],
    meaning: "`false` leaves it out; `true` asks for it where `--opt-in` is set",
    parse: parsed,
  }),
  hostname: key("hostname", "string", "route", {
    otherNames: ["hosts", "vhost", "virtual_host", "server_name"],
    meaning: "overrides the container's hostname; combined with the domain",
    parse: parseHostname,
  }),
  domain: key("domain", "string", "route", {
    meaning: "overrides the container's domain",
    parse: parseHost,
  }),
  alias_domains: key("alias_domain", "string[]", "key", {
    otherNames: ["aliases", "server_alias"],
    meaning: "more hosts for the same backend, with all its options",
    parse: parseHost,
  }),
  port: key("port", "integer", "route", { meaning: "which container port to use", parse: parsePort }),
  warm: key("warm", "boolean", "key", {
    meaning: "get an HTTP answer from the container before it gets traffic",
    parse: parsed,
  }),
  check: key("health_check", "string", "key", {
    meaning: "the health check, as after HAProxy's `option`: `httpchk GET /`",
    parse: parseHealthCheck,
  }),
  check_interval: key("health_check_interval", "integer", "key", {
    meaning: "milliseconds between checks, default 5000",
    parse: (value: number) =>
      value >= 100 && value <= 3_600_000 ? parsed(value) : expected("milliseconds from 100 to 3600000"),
  }),
  backend_options: key("backend_option", "string[]", "key", {
    meaning: "each as HAProxy's `option X`, such as `http-server-close`",
    parse: parseBackendOption,
  }),
  ssl_only: key("ssl_only", "boolean", "guard", {
    otherNames: ["https_only", "tls_only", "force_ssl", "force_https", "https_redirect", "ssl_redirect"],
    meaning: "redirect plain HTTP to HTTPS",
    parse: parsed,
  }),
  balance_algorithm: key("balance_algorithm", "string", "key", {
    meaning: "how requests are spread, default roundrobin",
    parse: parseBalance,
  }),
  weight: key("weight", "integer", "key", {
    meaning: "its share of a host's requests beside those of the others, from 1 to 256, default 1",
    parse: (value: number) =>
      value >= 1 && value <= 256 ? parsed(value) : expected("a whole number from 1 to 256"),
  }),
  ssl_backend: key("ssl_backend", "boolean", "guard", {
    otherNames: ["tls_backend", "backend_ssl", "backend_tls"],
    meaning: "speak TLS to the container",
    parse: parsed,
  }),
  ssl_backend_tls_verify: key("ssl_backend_tls_verify", "string", "guard", {
    otherNames: ["ssl_backend_verify", "ssl_verify", "tls_verify"],
    meaning: "`none` (default) or `required`: whether the container's certificate must be valid for the host",
    parse: (text: string) =>
      text === "none" || text === "required" ? parsed(text) : expected("none or required"),
  }),
  network: key("network", "string", "key", {
    meaning: "which network's address to use",
    parse: (text: string) =>
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(text) ? parsed(text) : expected("a network's name"),
  }),
  context_root: key("context_root", "string", "guard", {
    otherNames: ["path", "paths", "path_prefix", "prefix", "context_path", "base_path", "url_path"],
    meaning: "serve only the paths under this one, such as `/app`",
    parse: parsePathPrefix,
  }),
  context_root_rewrite: key("context_root_rewrite", "boolean", "key", {
    otherNames: ["rewrite", "strip_prefix", "strip_path"],
    meaning: "take that path off before the container sees the request",
    parse: parsed,
  }),
} as const satisfies Record<Exclude<keyof RouteData, "source" | "fault" | "off" | "isExplicit">, RouteKey>;

/** The name of a key, as INTERLOCK_DATA has it. */
export type KeyName = keyof typeof ROUTE_KEYS;

/** Whether a text is the name of a key. */
export const isKeyName = (name: string): name is KeyName => Object.hasOwn(ROUTE_KEYS, name);

/** The key of each label. */
export const KEY_OF_LABEL: ReadonlyMap<string, KeyName> = new Map(
  Object.entries(ROUTE_KEYS).map(([name, { label }]) => [label, name as KeyName]),
);

/** Keys that do nothing without another one. */
export const NEEDED_KEYS = [
  ["ssl_backend_tls_verify", "ssl_backend"],
  ["context_root_rewrite", "context_root"],
] as const;

type Rest<T> = {
  readonly otherNames?: readonly string[];
  readonly meaning: string;
  readonly parse: (value: T, version: HaproxyVersion) => Parsed<unknown>;
};

function key<T>(label: string, kind: Kind, costs: "key" | "route" | "guard", rest: Rest<T>): RouteKey {
  const { otherNames = [], meaning, parse } = rest;
  const isGuard = costs === "guard";
  return {
    label,
    kind,
    costs: costs === "key" ? "key" : "route",
    isGuard,
    otherNames,
    meaning,
    parse: parse as RouteKey["parse"],
  };
}
