/**
 * Headers by which proxies, and clients that want to be taken for one, tell who asks, by which scheme, host or path: by
 * the names that proxies, content networks, servers and frameworks give them. `-` is any one character, since software
 * behind a gateway interface cannot tell `X.Real.IP` and `X~Real~IP` from `X-Real-IP`; `*` is any text.
 */
const PLACES = [
  "forwarded*",
  "*-forwarded-*",
  "*-proxied-for",
  "x-forward*",
  "x-original-*",
  "x-rewrite-ur*",
  "x-envoy-*",
  "x-host",
  "x-http-host-override",
  "x-real-(host|port|proto|scheme)",
  "x-(https|ssl|scheme|proto|protocol|url-scheme|arr-ssl)",
  "(front-end-)?https",
  "fastly-ssl",
  "cf-(visitor|pseudo-ipv4)",
  "cloudfront-viewer-address",
  "(x-)?(script-name|path-info)",
  "(x-)?coming-from",
  "*(client|connecting|connection|real|true|remote|socket|originating)-?(ip|ipv6|addr|address)",
  "*(user|visitor|viewer|origin|source|src|peer|request|caller|from|gateway)-ip",
  "x-ip",
  // WebLogic's and WebSphere's plugins for other servers.
  "wl-proxy-*",
  "[$]ws*",
  // Rack takes these for its proxy's, and answers with files by them.
  "x-sendfile-type",
  "x-accel-mapping",
  // Not of a proxy, but of the same kind: a CGI program takes it for its own proxy (httpoxy).
  "proxy",
  // A password for the next proxy, which is this one (RFC 9110, section 11.7.2).
  "proxy-authorization",
  // What a client would like of an HTTP/2 that it is never given (RFC 7540, section 3.2.1).
  "http2-settings",
];

/** What the one that ends TLS says of a client's certificate (RFC 9440, among others), and of the connection. */
const CERTIFICATES = [
  "(x-)?ssl-*",
  "x-tls-client-*",
  "*client-?cert*",
  "x-client-verify*",
];

/**
 * What a proxy that asks for passwords says of who has signed in. Only names that no client uses for its own credentials:
 * `X-Auth-User` and `X-Auth-Email` are such, and what carries a signature proves itself.
 */
const IDENTITIES = [
  "*remote-user*",
  "remote-(name|email|groups?)",
  "x-remote-*",
  "x-authenticated-*",
  "x-auth-request-*",
  "x-auth-(userid|username|subject|roles|groups)",
  "x-webauth-*",
  "x-authentik-*",
  "x-vouch-*",
  "x-pomerium-claim-*",
  "x-(consumer|credential)-*",
  "x-anonymous-consumer",
  "x-ms-(client-principal|token)*",
  "x-goog-authenticated-user-*",
  "x-amzn-oidc-identity",
  "cf-access-authenticated-user-*",
  "tailscale-(user|app)-*",
  "(shib|oidc)-*",
  "sm-(user|universalid)*",
  "iv-(user|groups|creds)*",
];

const NAMES = [...PLACES, ...CERTIFICATES, ...IDENTITIES];

/** As a part of a regular expression. */
const pattern = (name: string): string => name.replaceAll("-", ".").replaceAll("*", ".*");

/** Those that begin with any text share its search through a name. */
const ANYWHERE = NAMES.filter((name) => name.startsWith("*")).map((name) => pattern(name.slice(1)));
const AT_START = NAMES.filter((name) => !name.startsWith("*")).map(pattern);

/** The names of all such headers as one regular expression of HAProxy's, without blanks; header names are in lower case. */
export const FORWARDING_HEADERS = `^(${AT_START.join("|")}|.*(${ANYWHERE.join("|")}))$`;
