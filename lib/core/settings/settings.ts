import type { HaproxyVersion } from "../keys/backend_option.ts";
import { parseBalance } from "../keys/balance.ts";
import { parsePrefix, PREFIX } from "../labels/label_parts.ts";
import { parseHost, parseIp, parsePortText, type Port } from "../values/names.ts";
import { type Parsed, parsed } from "../values/notice.ts";
import {
  type AcmeChallenge,
  type AcmeMode,
  type Eab,
  LETS_ENCRYPT,
  parseAcmeChallenge,
  parseAcmeMode,
  parseAcmeProfile,
  parseDirectory,
  parseEab,
  parseEmail,
} from "./acme_values.ts";
import { parsePeer, parsePeerName, type Peer } from "./peer_values.ts";
import {
  type AccessLogMode,
  type AddressMode,
  type AdminPlace,
  anyText,
  type Listener,
  type LogFormat,
  type LogLevel,
  number,
  parseAccessLogMode,
  parseAddressMode,
  parseAddressOrName,
  parseAdminPlace,
  parseDockerHost,
  parseFilePath,
  parseHaproxyVersion,
  parseHeaderName,
  parseLine,
  parseListener,
  parseLogFormat,
  parseLogLevel,
  parseNameServer,
  parseNetworks,
  parsePortRanges,
  parseRoutesFile,
  parseSecret,
  parseSource,
  parseSwitch,
  parseSyslog,
  parseTlsProfile,
  parseWord,
  pathText,
  type PortRange,
  type TlsProfile,
} from "./setting_values.ts";

/** A command that has settings. */
export type CommandName =
  | "run"
  | "render"
  | "check"
  | "snapshot"
  | "explain"
  | "graph"
  | "status"
  | "events"
  | "top"
  | "doctor";

/** One setting: its flag, its environment variables in order of precedence, and how its text is read. */
export type Setting<T = unknown> = {
  /** Without the dashes; `undefined` for what only the environment says. */
  readonly flag: string | undefined;
  /** What stands for the value in the help; `undefined` for a switch. */
  readonly argument: string | undefined;
  readonly env: readonly string[];
  readonly isRepeatable: boolean;
  /** The values that there are, or those that most want, for completions. */
  readonly choices?: readonly string[];
  /** The default, as the help words it. */
  readonly defaultText: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
  readonly fallback: T;
  readonly parse: (text: string) => Parsed<T>;
};

const ROUTING: readonly CommandName[] = ["run", "render", "check", "explain", "graph", "doctor"];
const RENDERING: readonly CommandName[] = ["run", "render", "check", "doctor"];
const RUNNING: readonly CommandName[] = ["run", "doctor"];
const DOCKER: readonly CommandName[] = ["run", "render", "check", "snapshot", "explain", "graph", "doctor"];
const ALL: readonly CommandName[] = [...DOCKER, "status", "events", "top"];

/** Every setting. Flags, environment, help and the documents' table are made from this one table. */
export const SETTINGS = {
  dockerHosts: list("docker-host", "URL", ["DOCKER_HOST"], ["unix:///var/run/docker.sock"], parseDockerHost, {
    defaultText: "unix:///var/run/docker.sock, unless a file names engines",
    help: "the Docker engine: unix://, tcp:// or ssh:// (repeatable)",
    commands: DOCKER,
  }),
  dockerHostsFile: value(
    "docker-hosts-file",
    "FILE",
    ["SIGNALBOX_DOCKER_HOSTS_FILE"],
    undefined as string | undefined,
    parseFilePath,
    {
      defaultText: "none",
      help: "a file of further engines, one a line; `run` watches it",
      commands: DOCKER,
    },
  ),
  dockerTlsVerify: value(
    undefined,
    undefined,
    ["DOCKER_TLS_VERIFY"],
    false,
    (text) => parsed(text !== "" && text !== "0"),
    {
      help: "check the engine's certificate against ca.pem",
      commands: DOCKER,
    },
  ),
  dockerCertPath: value(
    undefined,
    undefined,
    ["DOCKER_CERT_PATH"],
    undefined as string | undefined,
    pathText,
    {
      help: "the folder of ca.pem, cert.pem and key.pem for tcp:// engines",
      commands: DOCKER,
    },
  ),
  haproxy: value("haproxy", "PATH", ["SIGNALBOX_HAPROXY"], "haproxy", pathText, {
    defaultText: "`haproxy` on PATH",
    help: "the haproxy program",
    commands: RENDERING,
  }),
  haproxyVersion: value(
    "haproxy-version",
    "N.N",
    ["SIGNALBOX_HAPROXY_VERSION"],
    undefined as HaproxyVersion | undefined,
    parseHaproxyVersion,
    {
      defaultText: "that of the haproxy found, else 2.6",
      help: "the HAProxy that the config is written for",
      commands: ROUTING,
    },
  ),
  config: value(
    "config",
    "PATH",
    ["SIGNALBOX_CONFIG", "HAPROXY_PROXY_CONFIG_PATH"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none: it lies in the state directory",
      help: "keep a copy of the applied haproxy.cfg here, with the files beside it",
      commands: RUNNING,
    },
  ),
  pidFile: value(
    "pid-file",
    "PATH",
    ["SIGNALBOX_PID_FILE", "HAPROXY_PID_PATH"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "in the state directory",
      help: "a file for HAProxy's pid",
      commands: RUNNING,
    },
  ),
  balance: value(
    "balance",
    "ALGORITHM",
    ["SIGNALBOX_BALANCE", "HAPROXY_BALANCE_ALGORITHM"],
    "roundrobin",
    // Which HAProxy it is for is another setting: an older one refuses what it does not know.
    (text) => parseBalance(text, [2, 6]),
    {
      help: "how requests are spread where a container names no algorithm",
      choices: ["roundrobin", "leastconn", "random", "first", "static-rr", "source", "uri"],
      commands: ROUTING,
    },
  ),
  addBackends: flag("add-backends", ["SIGNALBOX_ADD_BACKENDS"], {
    defaultText: "off: spare backends are kept ready",
    help: "on HAProxy 3.4 or later, make new hosts by `add backend`",
    commands: ROUTING,
  }),
  stateDir: value("state-dir", "DIR", ["SIGNALBOX_STATE_DIR"], undefined as string | undefined, pathText, {
    defaultText: "/run/signalbox as root, else under $XDG_RUNTIME_DIR",
    help: "the folder of sockets and applied files",
    commands: ["run", "check", "status", "events", "top", "explain", "graph", "doctor"],
  }),
  external: flag("external", ["SIGNALBOX_EXTERNAL"], {
    defaultText: "off: signalbox spawns and owns haproxy",
    help: "others run HAProxy: write --config, then run --reload-command",
    commands: RUNNING,
  }),
  reloadCommand: value(
    "reload-command",
    "CMD",
    ["SIGNALBOX_RELOAD_COMMAND"],
    undefined as string | undefined,
    anyText,
    {
      defaultText: "none",
      help: "the command that reloads an external HAProxy, run by sh -c",
      commands: RUNNING,
    },
  ),
  bind: value("bind", "ADDRESS", ["SIGNALBOX_BIND"], undefined as Address | undefined, parseIp, {
    defaultText: "all addresses",
    help: "the address that HAProxy listens on",
    commands: ROUTING,
  }),
  httpPort: value("http-port", "N", ["SIGNALBOX_HTTP_PORT", "HAPROXY_PORT"], port(80), parsePortText, {
    help: "the port for HTTP",
    commands: ROUTING,
  }),
  httpsPort: value(
    "https-port",
    "N",
    ["SIGNALBOX_HTTPS_PORT", "HAPROXY_SSL_PORT"],
    port(443),
    parsePortText,
    {
      help: "the port for HTTPS, where there is a certificate",
      commands: ROUTING,
    },
  ),
  tcpPorts: value(
    "tcp-ports",
    "PORTS",
    ["SIGNALBOX_TCP_PORTS"],
    [] as readonly PortRange[],
    parsePortRanges,
    {
      defaultText: "none",
      help: "ports that containers may take for TCP with listen_port: 5432,9000-9099",
      commands: ROUTING,
    },
  ),
  tlsCert: value(
    "tls-cert",
    "PATH",
    ["SIGNALBOX_TLS_CERT", "HAPROXY_SSL_CERT"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none: no TLS listener",
      help: "a PEM file with certificate and key, or a folder of them, chosen by SNI",
      commands: ROUTING,
    },
  ),
  http3: flag("http3", ["SIGNALBOX_HTTP3"], {
    help: "take clients by HTTP/3 too, on the port of HTTPS over UDP, where HAProxy has QUIC",
    commands: ROUTING,
  }),
  clientCa: value("client-ca", "PATH", ["SIGNALBOX_CLIENT_CA"], undefined as string | undefined, pathText, {
    defaultText: "none",
    help:
      "a folder of authorities, one of which a client's certificate must be by where a route names it (`client_ca`)",
    commands: ROUTING,
  }),
  backendCa: value(
    "backend-ca",
    "PATH",
    ["SIGNALBOX_BACKEND_CA"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none",
      help: "a folder of authorities that a container's certificate may be checked by (`ssl_backend_ca`)",
      commands: ROUTING,
    },
  ),
  backendCert: value(
    "backend-cert",
    "PATH",
    ["SIGNALBOX_BACKEND_CERT"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none",
      help: "a folder of certificates with their keys that containers may be shown (`ssl_backend_cert`)",
      commands: ROUTING,
    },
  ),
  tlsProfile: value(
    "tls-profile",
    "intermediate|modern",
    ["SIGNALBOX_TLS_PROFILE"],
    "intermediate" as TlsProfile,
    parseTlsProfile,
    {
      help: "Mozilla's profile of TLS for clients: from 1.2 on, or 1.3 alone",
      commands: ROUTING,
    },
  ),
  acmeEmail: value(
    "acme-email",
    "ADDRESS",
    ["SIGNALBOX_ACME_EMAIL"],
    undefined as string | undefined,
    parseEmail,
    {
      defaultText: "none: no certificates are fetched",
      help: "fetch certificates for routed hosts, as this person, who agrees to the authority's terms",
      commands: ROUTING,
    },
  ),
  acme: value("acme", "MODE", ["SIGNALBOX_ACME"], "all" as AcmeMode, parseAcmeMode, {
    help: "which hosts get certificates: all, those of containers with `acme=true` (opt-in), or none (off)",
    choices: ["all", "opt-in", "off"],
    commands: ROUTING,
  }),
  acmeDirectories: list(
    "acme-directory",
    "URL",
    ["SIGNALBOX_ACME_DIRECTORY"],
    [LETS_ENCRYPT],
    parseDirectory,
    {
      defaultText: "Let's Encrypt",
      help: "the authority that certificates are fetched from; a second one stands in while the first fails",
      commands: RUNNING,
    },
  ),
  acmeCa: value("acme-ca", "FILE", ["SIGNALBOX_ACME_CA"], undefined as string | undefined, pathText, {
    defaultText: "the usual ones",
    help: "the authorities that the directory's own certificate may be by, as PEM",
    commands: RUNNING,
  }),
  acmeEab: value("acme-eab", "KID:KEY", ["SIGNALBOX_ACME_EAB"], undefined as Eab | undefined, parseEab, {
    defaultText: "none",
    help: "ties the account to one at the authority (better in the variable)",
    commands: RUNNING,
  }),
  acmeProfile: value(
    "acme-profile",
    "NAME",
    ["SIGNALBOX_ACME_PROFILE"],
    undefined as string | undefined,
    parseAcmeProfile,
    {
      defaultText: "the authority's own choice",
      help:
        "the kind of certificates, where an authority has several: Let's Encrypt's shortlived ones last six days",
      commands: RUNNING,
    },
  ),
  acmeStorage: value(
    "acme-storage",
    "DIR",
    ["SIGNALBOX_ACME_STORAGE"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "/var/lib/signalbox as root, else under $XDG_STATE_HOME",
      help: "the folder of the account's key and of fetched certificates; several signalboxes may share it",
      commands: ROUTING,
    },
  ),
  acmeDnsHook: value(
    "acme-dns-hook",
    "COMMAND",
    ["SIGNALBOX_ACME_DNS_HOOK"],
    undefined as string | undefined,
    anyText,
    {
      defaultText: "none: hosts are proven by HTTP, wildcards get no certificate",
      help:
        "prove hosts by the DNS: `sh -c` runs it with `present` or `cleanup`, a TXT record's name, and its value",
      commands: RUNNING,
    },
  ),
  acmeChallenge: value(
    "acme-challenge",
    "KIND",
    ["SIGNALBOX_ACME_CHALLENGE"],
    "http-01" as AcmeChallenge,
    parseAcmeChallenge,
    {
      help:
        "where authorities look whether a host is ours: at port 80 (http-01), or at port 443 (tls-alpn-01)",
      choices: ["http-01", "tls-alpn-01"],
      commands: ROUTING,
    },
  ),
  acmeUnchecked: flag("acme-unchecked", ["SIGNALBOX_ACME_UNCHECKED"], {
    defaultText: "off: a name that clearly leads elsewhere is not asked for",
    help: "ask for certificates without looking first where a name leads",
    commands: RUNNING,
  }),
  hstsSeconds: value(
    "hsts",
    "SECONDS",
    ["SIGNALBOX_HSTS"],
    undefined as number | undefined,
    number(0, 999_999_999),
    {
      defaultText: "none",
      help: "on TLS, send Strict-Transport-Security of every route that says no `hsts`",
      commands: RENDERING,
    },
  ),
  trace: flag("trace", ["SIGNALBOX_TRACE"], {
    help:
      "begin a trace (`traceparent`) for a request that has none, and tell clients by `Server-Timing` how long it took",
    commands: RENDERING,
  }),
  tlsOptions: value("tls-options", "TEXT", ["SIGNALBOX_TLS_OPTIONS", "HAPROXY_SSL_OPTS"], "", parseLine, {
    defaultText: "none",
    help: "further arguments of the TLS listener's bind line",
    commands: RENDERING,
  }),
  httpsRedirect: flag("https-redirect", ["SIGNALBOX_HTTPS_REDIRECT"], {
    defaultText: "off: routes with `ssl_only` are redirected",
    help: "redirect plain HTTP of every route to HTTPS, but where a container says `ssl_only=false`",
    commands: ROUTING,
  }),
  backendAddress: value(
    "backend-address",
    "ADDRESS",
    ["SIGNALBOX_BACKEND_ADDRESS", "HAPROXY_PROXY_BACKEND_OVERRIDE_ADDRESS"],
    undefined as string | undefined,
    parseAddressOrName,
    {
      defaultText: "127.0.0.1 for a local engine, else the engine's address",
      help: "the address of published ports, in place of the engine's",
      commands: ROUTING,
    },
  ),
  address: value("address", "MODE", ["SIGNALBOX_ADDRESS"], "auto" as AddressMode, parseAddressMode, {
    help: "published, container or auto: a local container's own address, a remote one's published port",
    choices: ["auto", "container", "published"],
    commands: ROUTING,
  }),
  network: value("network", "NAME", ["SIGNALBOX_NETWORK"], undefined as string | undefined, anyText, {
    defaultText: "the only one, else the first by name, with a notice",
    help: "which network's address of a container to use",
    commands: ROUTING,
  }),
  defaultDomain: value(
    "default-domain",
    "NAME",
    ["SIGNALBOX_DEFAULT_DOMAIN"],
    undefined as Host | undefined,
    parseHost,
    {
      defaultText: "none",
      help: "the domain of containers that have a hostname and no domain",
      commands: ROUTING,
    },
  ),
  optIn: flag("opt-in", ["SIGNALBOX_OPT_IN"], {
    defaultText: "off: a container with a host is served",
    help: "serve only containers that set `enable` or another key",
    commands: ROUTING,
  }),
  labelPrefix: value("label-prefix", "NAME", ["SIGNALBOX_LABEL_PREFIX"], PREFIX, parsePrefix, {
    defaultText: "interlock",
    help:
      "what the labels of this signalbox begin with (3 characters or more), where several share an engine",
    commands: DOCKER,
  }),
  maxConnections: value(
    "max-connections",
    "N",
    ["SIGNALBOX_MAX_CONNECTIONS", "HAPROXY_MAX_CONN"],
    2048,
    number(1, 1_000_000),
    { help: "connections at a time", commands: RENDERING },
  ),
  maxConnectionsPerClient: value(
    "max-connections-per-client",
    "N",
    ["SIGNALBOX_MAX_CONNECTIONS_PER_CLIENT"],
    undefined as number | undefined,
    number(0, 1_000_000),
    {
      defaultText: "half of --max-connections",
      help:
        "connections at a time of one client, an IPv4 address or a /64 of IPv6, but for trusted proxies; 0 for no limit",
      commands: RENDERING,
    },
  ),
  trustedProxies: value(
    "trusted-proxies",
    "CIDRS",
    ["SIGNALBOX_TRUSTED_PROXIES"],
    [] as readonly string[],
    parseNetworks,
    {
      defaultText: "none: X-Forwarded-* of clients are dropped",
      help:
        "proxies in front, by commas, or `internal`: their X-Forwarded-For, -Proto, -Host and -Port count",
      commands: ROUTING,
    },
  ),
  clientIpHeader: value(
    "client-ip-header",
    "NAME",
    ["SIGNALBOX_CLIENT_IP_HEADER"],
    undefined as string | undefined,
    parseHeaderName,
    {
      defaultText: "X-Forwarded-For, or Forwarded",
      help: "the header in which trusted proxies name the client, such as CF-Connecting-IP",
      commands: RENDERING,
    },
  ),
  proxyProtocol: value(
    "proxy-protocol",
    "CIDRS",
    ["SIGNALBOX_PROXY_PROTOCOL"],
    [] as readonly string[],
    parseNetworks,
    {
      defaultText: "none",
      help: "balancers that send the PROXY protocol, by commas, or `internal`; others connect as usual",
      commands: RENDERING,
    },
  ),
  connectTimeoutMs: value(
    "connect-timeout",
    "MS",
    ["SIGNALBOX_CONNECT_TIMEOUT", "HAPROXY_CONNECT_TIMEOUT"],
    500,
    number(1, 86_400_000),
    { help: "how long a connection to a container may take before another is tried", commands: RENDERING },
  ),
  clientTimeoutMs: value(
    "client-timeout",
    "MS",
    ["SIGNALBOX_CLIENT_TIMEOUT", "HAPROXY_CLIENT_TIMEOUT"],
    60_000,
    number(1, 86_400_000),
    { help: "how long a client may be silent", commands: RENDERING },
  ),
  serverTimeoutMs: value(
    "server-timeout",
    "MS",
    ["SIGNALBOX_SERVER_TIMEOUT", "HAPROXY_SERVER_TIMEOUT"],
    60_000,
    number(1, 86_400_000),
    { help: "how long a container may be silent", commands: RENDERING },
  ),
  tunnelTimeoutMs: value(
    "tunnel-timeout",
    "MS",
    ["SIGNALBOX_TUNNEL_TIMEOUT"],
    3_600_000,
    number(1, 86_400_000),
    { help: "how long both sides of a WebSocket may be silent", commands: RENDERING },
  ),
  headerSizeBytes: value(
    "header-size",
    "BYTES",
    ["SIGNALBOX_HEADER_SIZE"],
    16_384,
    number(16_384, 1_048_576),
    {
      help:
        "the buffer that the headers of a request or answer fit into, less 1024 bytes; 101 headers for each 16384",
      commands: RENDERING,
    },
  ),
  hardStopAfterMs: value(
    "hard-stop-after",
    "MS",
    ["SIGNALBOX_HARD_STOP_AFTER"],
    3_600_000,
    number(1, 86_400_000),
    {
      help: "how long old workers may drain after a reload (downloads, WebSockets)",
      commands: RENDERING,
    },
  ),
  statsUser: value("stats-user", "NAME", ["SIGNALBOX_STATS_USER", "HAPROXY_STATS_USER"], "stats", parseWord, {
    help: "who may see the statistics page",
    commands: RENDERING,
  }),
  statsPassword: value(
    "stats-password",
    "TEXT",
    ["SIGNALBOX_STATS_PASSWORD", "HAPROXY_STATS_PASSWORD"],
    undefined as string | undefined,
    parseSecret,
    { defaultText: "none: no statistics page", help: "its password (better in a file)", commands: RENDERING },
  ),
  statsPasswordFile: value(
    "stats-password-file",
    "FILE",
    ["SIGNALBOX_STATS_PASSWORD_FILE"],
    undefined as string | undefined,
    anyText,
    { defaultText: "none", help: "a file with that password", commands: RENDERING },
  ),
  syslog: value("syslog", "ADDRESS", ["SIGNALBOX_SYSLOG"], undefined as string | undefined, parseSyslog, {
    defaultText: "none: the access log goes through a ring of HAProxy's into signalbox's log",
    help: "a syslog server for HAProxy's log: ADDRESS:PORT or a socket's path",
    commands: RUNNING,
  }),
  accessLog: value(
    "access-log",
    "errors|all|off",
    ["SIGNALBOX_ACCESS_LOG"],
    "errors" as AccessLogMode,
    parseAccessLogMode,
    {
      help: "which requests are logged: those that failed or were refused, all, or none",
      commands: RENDERING,
    },
  ),
  templates: value("templates", "DIR", ["SIGNALBOX_TEMPLATES"], undefined as string | undefined, anyText, {
    defaultText: "built in",
    help: "templates that overlay the built-in ones, one by one",
    commands: RENDERING,
  }),
  errorPages: value(
    "error-pages",
    "DIR",
    ["SIGNALBOX_ERROR_PAGES"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none: short texts",
      help: "a folder of pages for what HAProxy answers itself: 404.html, 503.html, 4xx.html, 5xx.html",
      commands: ROUTING,
    },
  ),
  settleMs: value("settle", "MS", ["SIGNALBOX_SETTLE"], 10, number(0, 60_000), {
    help: "how long to wait for quiet while changes keep coming; the first acts at once",
    commands: ["run"],
  }),
  settleMaxMs: value("settle-max", "MS", ["SIGNALBOX_SETTLE_MAX"], 100, number(0, 60_000), {
    help: "how long to wait for quiet at most",
    commands: ["run"],
  }),
  snapshot: value("snapshot", "FILE", ["SIGNALBOX_SNAPSHOT"], undefined as string | undefined, parseSource, {
    defaultText: "Docker",
    help: "read this file (- for standard input) in place of Docker; `run` watches it",
    commands: ROUTING,
  }),
  routes: list("routes", "FILE", ["SIGNALBOX_ROUTES"], [] as string[], parseRoutesFile, {
    defaultText: "none",
    help: "routes to what is no container, in YAML or JSON (repeatable); `run` watches the file",
    commands: ROUTING,
  }),
  nameServers: list("resolver", "ADDRESS:PORT", ["SIGNALBOX_RESOLVER"], [] as string[], parseNameServer, {
    defaultText: "those of /etc/resolv.conf",
    help: "the name server that HAProxy asks for servers of --routes that have names (repeatable)",
    commands: RENDERING,
  }),
  peers: list("peer", "NAME=ADDRESS:PORT", ["SIGNALBOX_PEER"], [] as Peer[], parsePeer, {
    help: "a signalbox of this fleet, itself among them (repeatable): their HAProxys share what they count",
    commands: ROUTING,
  }),
  peerPort: value("peer-port", "N", ["SIGNALBOX_PEER_PORT"], undefined as Port | undefined, parsePortText, {
    defaultText: "none: `--peer` alone names peers",
    help:
      "the nodes of the Swarm are peers too, at this port of theirs: its managers, or as their label interlock.peer says",
    commands: ROUTING,
  }),
  peerName: value(
    "peer-name",
    "NAME",
    ["SIGNALBOX_PEER_NAME"],
    undefined as string | undefined,
    parsePeerName,
    {
      defaultText: "the machine's name",
      help: "which of --peer this one is",
      commands: ROUTING,
    },
  ),
  peerBind: value(
    "peer-bind",
    "ADDRESS:PORT",
    ["SIGNALBOX_PEER_BIND"],
    undefined as Listener | undefined,
    parseListener,
    {
      defaultText: "its own address of --peer",
      help: "where this one listens for its peers, if that is not the address by which they know it",
      commands: ROUTING,
    },
  ),
  peerTls: value("peer-tls", "FILE", ["SIGNALBOX_PEER_TLS"], undefined as string | undefined, pathText, {
    defaultText: "none: anybody who reaches the ports of peers can read and write counters",
    help: "a PEM file with certificate and key, the same for each peer: they speak TLS, and trust it alone",
    commands: RENDERING,
  }),
  cookieKeyFile: value(
    "cookie-key-file",
    "FILE",
    ["SIGNALBOX_COOKIE_KEY_FILE"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "`cookie-key` in the state directory, made by chance",
      help: "a file with the secret of sticky cookies, the same for each signalbox of a fleet",
      commands: RUNNING,
    },
  ),
  admin: value(
    "admin",
    "ADDRESS:PORT",
    ["SIGNALBOX_ADMIN"],
    undefined as AdminPlace | undefined,
    parseAdminPlace,
    {
      defaultText: "off",
      help: "serve health, metrics and a page at this address (or unix:/PATH), read-only",
      commands: ROUTING,
    },
  ),
  adminPasswordFile: value(
    "admin-password-file",
    "FILE",
    ["SIGNALBOX_ADMIN_PASSWORD_FILE"],
    undefined as string | undefined,
    pathText,
    {
      defaultText: "none: anybody who reaches the address sees it",
      help: "lines `user:hash` (signalbox password USER): whom --admin lets see more than its health",
      commands: RUNNING,
    },
  ),
  logFormat: value(
    "log-format",
    "FORMAT",
    ["SIGNALBOX_LOG_FORMAT"],
    undefined as LogFormat | undefined,
    parseLogFormat,
    {
      defaultText: "text on a terminal, else json",
      help: "text or json",
      choices: ["text", "json"],
      commands: ALL,
    },
  ),
  logLevel: value("log-level", "LEVEL", ["SIGNALBOX_LOG_LEVEL"], "info" as LogLevel, parseLogLevel, {
    help: "error, warn, info or debug",
    choices: ["error", "warn", "info", "debug"],
    commands: ALL,
  }),
};

type Address = Extract<ReturnType<typeof parseIp>, { ok: true }>["value"];
type Host = Extract<ReturnType<typeof parseHost>, { ok: true }>["value"];

/** The name of a setting in the code. */
export type SettingName = keyof typeof SETTINGS;
/** All settings, read. */
export type Settings = { readonly [K in SettingName]: (typeof SETTINGS)[K]["fallback"] };

type Rest = {
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  readonly help: string;
  readonly commands: readonly CommandName[];
};

function value<T>(
  name: string | undefined,
  argument: string | undefined,
  env: readonly string[],
  fallback: T,
  parse: (text: string) => Parsed<NonNullable<NoInfer<T>>>,
  rest: Rest,
): Setting<T> {
  return {
    flag: name,
    argument,
    env,
    isRepeatable: false,
    fallback,
    parse,
    defaultText: String(fallback),
    ...rest,
  };
}

function list<T>(
  name: string,
  argument: string,
  env: readonly string[],
  fallback: readonly T[],
  parse: (text: string) => Parsed<T>,
  rest: Rest,
): Setting<readonly T[]> {
  const each = parse as unknown as Setting<readonly T[]>["parse"];
  return {
    flag: name,
    argument,
    env,
    isRepeatable: true,
    fallback,
    parse: each,
    defaultText: "none",
    ...rest,
  };
}

function flag(name: string, env: readonly string[], rest: Rest): Setting<boolean> {
  return {
    flag: name,
    argument: undefined,
    env,
    isRepeatable: false,
    fallback: false,
    parse: parseSwitch,
    defaultText: "off",
    ...rest,
  };
}

function port(value: number) {
  const result = parsePortText(String(value));
  if (!result.ok) throw new Error(`${value} is no port`);
  return result.value;
}
