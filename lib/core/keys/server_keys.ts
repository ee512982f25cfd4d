import { parseBackendOption } from "./backend_option.ts";
import { isForStreams, parseBalance } from "./balance.ts";
import { CONNECT_CHECK, keptCheck, parseHealthCheck } from "./health_check.ts";
import { between, oneOf } from "./plain_parsers.ts";
import type { RouteKey } from "./route_key.ts";
import { inFolderOf } from "./tls_keys.ts";
import { type HostName, parseHost } from "../values/names.ts";
import { expected, type Parsed } from "../values/notice.ts";

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
    streams: "tcp",
    costs: "key",
    fallback: 1,
    meaning: "its share of the host's requests, relative to the other containers: 1 to 256, default 1",
    parse: between(1, 256),
  },
  slow_start: {
    label: "slow_start",
    kind: "time",
    scope: "server",
    streams: "tcp",
    costs: "key",
    otherNames: ["slowstart", "ramp_up"],
    meaning: "its share of the requests grows over this time (1s to 1h) once it is ready",
    parse: between(1_000, 3_600_000, "milliseconds"),
  },
  balance_algorithm: {
    label: "balance_algorithm",
    kind: "string",
    scope: "backend",
    streams: "tcp",
    costs: "key",
    otherNames: ["balance", "lb_algorithm", "load_balancing"],
    meaning:
      "how requests are spread, default roundrobin; `hash cookie NAME` sends equal values to one container",
    parse: parseBalance,
    isForStreams: isForStreams,
  },
  check: {
    label: "health_check",
    kind: "string",
    scope: "backend",
    streams: "tcp",
    costs: "key",
    fallback: CONNECT_CHECK,
    meaning: "the health check, as after HAProxy's `option`: `httpchk GET /`",
    hidesValue: "headers",
    kept: keptCheck,
    parse: parseHealthCheck,
  },
  check_interval: {
    label: "health_check_interval",
    kind: "integer",
    scope: "backend",
    streams: "tcp",
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
    streams: "tcp",
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
    streams: "tcp",
    costs: "route",
    isGuard: true,
    fallback: "none",
    needs: { key: "ssl_backend", isOpenWithout: (value: string) => value === "required" },
    otherNames: ["ssl_backend_verify", "ssl_verify", "tls_verify"],
    meaning: "`none` (default) or `required`: whether the container's certificate must be valid for the host",
    parse: oneOf("none", "required"),
  },
  ssl_backend_ca: {
    label: "ssl_backend_ca",
    kind: "string",
    scope: "server",
    streams: "tcp",
    costs: "route",
    isGuard: true,
    since: [2, 5],
    needs: { key: "ssl_backend", isOpenWithout: () => true },
    otherNames: ["backend_ca", "ssl_backend_ca_file", "proxy_ssl_trusted_certificate"],
    meaning:
      "its certificate must be valid for the host, and by an authority of this file of `--backend-ca`, not by one of the system's",
    parse: inFolderOf("--backend-ca", "internal.pem"),
  },
  ssl_backend_cert: {
    label: "ssl_backend_cert",
    kind: "string",
    scope: "server",
    streams: "tcp",
    costs: "route",
    since: [2, 5],
    needs: { key: "ssl_backend" },
    otherNames: ["backend_cert", "ssl_backend_client_cert", "proxy_ssl_certificate"],
    meaning: "show the container this certificate: a file (or folder) of `--backend-cert`",
    parse: inFolderOf("--backend-cert", "proxy.pem"),
  },
  ssl_backend_sni: {
    label: "ssl_backend_sni",
    kind: "string",
    scope: "server",
    streams: "tcp",
    costs: "route",
    needs: { key: "ssl_backend" },
    otherNames: ["backend_sni", "server_name", "ssl_backend_name", "proxy_ssl_name"],
    meaning:
      "the name that HAProxy asks the container for by TLS, and that the container's certificate has to have; default the host",
    parse: parseServerName,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;

/** Reads `ssl_backend_sni`: one name, which TLS can carry. */
function parseServerName(text: string): Parsed<HostName> {
  const host = parseHost(text);
  const isName = host.ok && /^[a-z0-9_-]+(?:[.][a-z0-9_-]+)*$/.test(host.value) &&
    !/^[0-9.]+$/.test(host.value);
  return isName ? host : expected("a name of a host, such as api.internal");
}
