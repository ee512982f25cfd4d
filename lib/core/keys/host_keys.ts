import { matching } from "./plain_parsers.ts";
import { parseHost, parseHostname, parsePathPrefix, parsePort } from "../values/names.ts";
import { stripRows } from "./strip.ts";
import type { RouteKey } from "./route_key.ts";

/** Which hosts, paths and addresses a route is about. */
export const HOST_KEYS = {
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
