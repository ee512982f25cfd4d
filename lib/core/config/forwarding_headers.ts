/**
 * Headers by which proxies, and clients that want to be taken for one, tell who asks, by which scheme, host or path: by
 * the names that proxies, content networks and frameworks give them. `-` is any one character, since software behind a
 * gateway interface cannot tell `X.Real.IP` and `X~Real~IP` from `X-Real-IP`; `*` is any text.
 */
const NAMES = [
  "forwarded*",
  "*-forwarded-(for|proto|host)",
  "x-forward*",
  "x-*-forwarded-*",
  "x-original-*",
  "x-rewrite-ur*",
  "x-envoy-*",
  "x-host",
  "x-http-host-override",
  "x-(https|ssl|scheme|proto|protocol|url-scheme|arr-ssl)",
  "(front-end-)?https",
  "fastly-ssl",
  "cf-(visitor|pseudo-ipv4)",
  "cloudfront-(viewer-address|forwarded-proto)",
  "(x-)?(script-name|path-info)",
  "*(client|connecting|connection|real|true|remote|socket|originating)-?(ip|ipv6|addr|address)",
  "*(user|source|src|peer)-ip",
  "x-ip",
  // What the one that ends TLS says of a client's certificate.
  "(x-)?ssl-client-*",
  "x-client-(cert|verify)*",
  // Not of a proxy, but of the same kind: a CGI program takes it for its own proxy (httpoxy).
  "proxy",
  // What a client would like of an HTTP/2 that it is never given (RFC 7540, section 3.2.1).
  "http2-settings",
];

/** The names of all such headers as one regular expression of HAProxy's, without blanks; header names are in lower case. */
export const FORWARDING_HEADERS = `^(${
  NAMES.map((name) => name.replaceAll("-", ".").replaceAll("*", ".*")).join("|")
})$`;
