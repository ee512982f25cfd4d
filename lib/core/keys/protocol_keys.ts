import { oneOf } from "./plain_parsers.ts";
import { parsePort } from "../values/names.ts";
import type { RouteKey } from "./route_key.ts";

/** What is spoken on a route, where it is not HTTP. */
export const PROTOCOL_KEYS = {
  protocol: {
    label: "protocol",
    kind: "string",
    scope: "place",
    streams: "tcp",
    costs: "route",
    isGuard: true,
    otherNames: ["layer4", "transport"],
    meaning:
      "`http` (default); `tcp` for all connections to `listen_port`; `tls` for those that ask for the host by SNI",
    parse: oneOf("http", "tcp", "tls"),
  },
  listen_port: {
    label: "listen_port",
    kind: "port",
    scope: "place",
    streams: "tcp",
    costs: "route",
    isGuard: true,
    needs: { key: "protocol", isOpenWithout: () => true },
    otherNames: ["tcp_port", "external_port", "frontend_port"],
    meaning:
      "HAProxy's port for `tcp` and `tls`, one of `--tcp-ports`; for `tls` the port of HTTPS where it says none",
    parse: parsePort,
  },
  ssl_passthrough: {
    label: "ssl_passthrough",
    kind: "boolean",
    scope: "place",
    streams: "tls",
    costs: "route",
    isGuard: true,
    otherNames: ["tls_passthrough", "passthrough", "ssl_pass_through"],
    meaning:
      "leave TLS as it is: `protocol` tls on the port of HTTPS, beside the hosts whose TLS HAProxy ends; `false` beside `protocol` tls: HAProxy ends it, and the container gets what was in it",
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
