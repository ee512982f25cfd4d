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
  "x-replaced-path",
  "x-custom-ip-authorization",
  "x-envoy-*",
  "x-host",
  "x-http-host-override",
  "x-real-(host|port|proto|scheme)",
  "x-(https|ssl|scheme|proto|protocol|url-scheme|arr-ssl)",
  "https",
  "front-end-https",
  "fastly-ssl",
  "cf-(visitor|pseudo-ipv4)",
  "cloudfront-viewer-address",
  "(script-name|path-info)",
  "x-(script-name|path-info)",
  "coming-from",
  "x-coming-from",
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
  "ssl-*",
  "x-ssl-*",
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
  // Authelia and LemonLDAP::NG, and what takes their place.
  "remote-*",
  "x-remote-*",
  "auth-(user|name|mail|email|groups?|roles?|cn|type)",
  "x-authelia-*",
  "x-authenticated-*",
  // oauth2-proxy; its X-Forwarded-* are among those above.
  "x-auth-request-*",
  "x-auth-(userid|username|name|subject|roles|groups)",
  "x-webauth-*",
  "x-authentik-*",
  "x-vouch-*",
  // Pomerium and AuthCrunch; their signed assertions pass.
  "x-pomerium-claim-*",
  "x-token-(subject|user-*)",
  // Kong, APISIX, and API gateways of clouds.
  "x-(consumer|credential)-*",
  "x-anonymous-consumer",
  "x-userinfo",
  "x-(endpoint|apigateway)-api-*",
  // Clouds: only their own servers say these.
  "x-ms-(client-principal|token)*",
  "x-goog-authenticated-user-*",
  "x-(appengine|cloudscheduler|cloudtasks)*",
  "x-amzn-oidc-(identity|accesstoken)",
  "cf-access-authenticated-user-*",
  "ngrok-auth-*",
  "tailscale-(user|app)-*",
  // Platforms that run others' programs.
  "x-(hass|sandstorm)-*",
  "x-ingress-path",
  "ynh-*",
  // Modules of web servers, and older single sign-on.
  "(shib|oidc|mellon|cas|ajp)-*",
  "eppn",
  "sm-(user|universalid|authtype|auth|groups?|role)*",
  "iv-(user|groups|creds|remote-address)*",
];

const NAMES = [...PLACES, ...CERTIFICATES, ...IDENTITIES];

/** As a part of a regular expression. */
const pattern = (name: string): string => name.replaceAll("-", ".").replaceAll("*", ".*");

const ANYWHERE = NAMES.filter((name) => name.startsWith("*")).map((name) => pattern(name.slice(1)));
const AT_START = NAMES.filter((name) => !name.startsWith("*")).map(pattern);

/** Letters, and the dot that stands for any character, that an expression begins with. */
const BEGINNING = /^(?:[a-z0-9.](?![*?+]))*/;

/** Expressions as one, in which those that begin alike share their beginning: most names of a request end at their first letters. */
function alternatives(patterns: readonly string[]): string {
  const byFirst = Map.groupBy(patterns, (each) => BEGINNING.exec(each)?.[0][0] ?? "");
  return [...byFirst].flatMap(([first, all]) => {
    if (first === "" || all.length === 1) return all;
    const shared = all.map((each) => BEGINNING.exec(each)?.[0] ?? "").reduce(sharedBeginning);
    const rests = all.map((each) => each.slice(shared.length)).filter((rest) => rest !== "");
    return [`${shared}(${alternatives(rests)})${rests.length < all.length ? "?" : ""}`];
  }).join("|");
}

function sharedBeginning(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
}

/** Others that rules of the frontend look at. */
const LOOKED_AT = ["cdn-loop", "connection", "upgrade"];

/**
 * The names of such headers as regular expressions of HAProxy's, without blanks and without what only PCRE knows; header names
 * are in lower case. Those of the first begin as they are listed. Of the second, which costs several times as much, each has one of
 * these words in it, so that most requests are spared it. `noted` finds names of the first, and what else rules look at, in the
 * names of all headers with commas between them: the first name, and each behind a comma, which is found at once.
 */
export const FORWARDING_RULES = {
  noted: ["^", ","].map((before) => `${before}(${alternatives([...LOOKED_AT, ...AT_START])})(,|$)`),
  starts: `^(${alternatives(AT_START)})$`,
  within: `^.*(${alternatives(ANYWHERE)})$`,
  words: ["ip", "addr", "forwarded", "proxied", "cert", "remote"],
} as const;

/** The same names as one expression, for a user's own frontend of before, and to tell what becomes of a request. */
export const FORWARDING_HEADERS = `^(${[...AT_START, ...ANYWHERE.map((each) => `.*${each}`)].join("|")})$`;
