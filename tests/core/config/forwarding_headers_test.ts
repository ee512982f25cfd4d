import assert from "node:assert/strict";
import { seeded } from "../../harness/seeded.ts";
import { FORWARDING_HEADERS, FORWARDING_RULES } from "../../../lib/core/config/forwarding_headers.ts";

const whole = new RegExp(FORWARDING_HEADERS);
const starts = new RegExp(FORWARDING_RULES.starts);
const within = new RegExp(FORWARDING_RULES.within);
const noted = FORWARDING_RULES.noted.map((each) => new RegExp(each));
const isNotedIn = (names: string): boolean => noted.some((each) => each.test(names));

/** A header is noted wherever it stands among others. */
const isNoted = (name: string): boolean =>
  [name, `host,${name}`, `${name},accept`, `accept,${name},te`].every(isNotedIn);

/** As the frontend's rules have it, and as what tells of a request has it. */
const isDropped = (name: string): boolean => {
  const isIt = starts.test(name) ||
    (FORWARDING_RULES.words.some((word) => name.includes(word)) && within.test(name));
  assert.equal(whole.test(name), isIt, name);
  // The frontend asks for these first.
  assert.ok(isNoted(name) || !starts.test(name), name);
  return isIt;
};
const assertDropped = (names: readonly string[], isIt = true) =>
  assert.deepEqual(names.filter((name) => isDropped(name) !== isIt), []);

Deno.test("headers that proxies speak of clients with are known in every spelling", () => {
  assertDropped([
    ...["x-forwarded-for", "x.forwarded.for", "x~real~ip", "cf_connecting_ip", "x-original-url"],
    ...["x-vercel-forwarded-for", "x-replaced-path", "x_replaced_path", "x-custom-ip-authorization"],
  ]);
});

Deno.test("headers of any content network, and of a client's certificate, are known", () => {
  const names = [
    ...[
      "x-vercel-forwarded-for",
      "x-nf-client-connection-ip",
      "x-sucuri-clientip",
      "x-ip",
      "do-connecting-ip",
    ],
    ...["x-ssl-client-cert", "ssl-client-verify", "ssl_client_s_dn", "x-client-cert", "x-client-cert-dn"],
  ];
  assertDropped(names);
});

Deno.test("each word for a client's address is known", () => {
  const names = [
    ...["x-visitor-ip", "x-origin-ip", "x-viewer-ip", "true-client-ip", "x-true-client-ip", "x-true-ip"],
    ...["x-cluster-client-ip", "cluster-client-ip", "fastly-client-ip", "fly-client-ip", "incap-client-ip"],
    ...[
      "cf-connecting-ip",
      "cf-connecting-ipv6",
      "x-azure-clientip",
      "x-azure-socketip",
      "x-appengine-user-ip",
    ],
    ...[
      "wl-proxy-client-ip",
      "wl-proxy-ssl",
      "proxy-client-ip",
      "$wsra",
      "$wsru",
      "remote_addr",
      "client-ip",
    ],
    ...["fly-forwarded-port", "x-vercel-proxied-for", "x-coming-from", "x-proxyuser-ip", "x-end-user-ip"],
  ];
  assertDropped(names);
});

Deno.test("nobody but a proxy says who has signed in", () => {
  const names = [
    ...["remote-user", "remote_user", "remote-groups", "remote-email", "x-remote-user", "x-remote-group"],
    ...[
      "x-remote-extra-scopes",
      "x-proxy-remote-user",
      "oam_remote_user",
      "x-forwarded-user",
      "x-forwarded-email",
    ],
    ...["x-authenticated-user", "x-authenticated-userid", "x-auth-request-user", "x-webauth-user"],
    ...["x-authentik-username", "x-vouch-user", "x-consumer-username", "x-ms-client-principal-name"],
    ...["x-goog-authenticated-user-email", "cf-access-authenticated-user-email", "tailscale-user-login"],
    ...[
      "x-amzn-oidc-identity",
      "x-pomerium-claim-email",
      "oidc_claim_sub",
      "shib-identity-provider",
      "sm_user",
    ],
    ...[
      "remote-roles",
      "remote-role",
      "remote-org-name",
      "remote_session_expires",
      "auth-user",
      "auth-groups",
    ],
    ...["x-authelia-user", "x-auth-request-preferred-username", "x-forwarded-preferred-username"],
    ...["x-appengine-user-email", "x-appengine-user-is-admin", "x-appengine-cron", "x-cloudscheduler"],
    ...["x-goog-authenticated-user-id", "x-endpoint-api-userinfo", "x-apigateway-api-userinfo", "x-userinfo"],
    ...["x-token-user-name", "x-token-user-roles", "x-token-subject", "x-amzn-oidc-accesstoken"],
    ...["x-hass-user-id", "x-ingress-path", "x-sandstorm-user-id", "ngrok-auth-user-email", "ynh_user"],
    ...["mellon_name_id", "cas-user", "ajp_remote_user", "eppn", "sm_authtype", "iv-remote-address"],
    ...["client-cert", "client-cert-chain", "x-forwarded-client-cert", "x-arr-clientcert", "ssl-cipher"],
    ...["x-amzn-mtls-clientcert-subject", "wl-proxy-client-cert", "x-tls-client-subject", "$wscc"],
  ];
  assertDropped(names);
});

Deno.test("what is for the next proxy alone goes no further", () => {
  assertDropped(["proxy-authorization", "proxy_authorization", "proxy"]);
});

Deno.test("what clients prove themselves with passes", () => {
  const names = [
    ...["authorization", "x-auth-token", "x-auth-user", "x-auth-key", "x-auth-email", "x-api-key", "cookie"],
    ...["cf-access-jwt-assertion", "cf-access-client-id", "cf-access-client-secret", "x-amzn-oidc-data"],
    ...["x-goog-iap-jwt-assertion", "x-pomerium-jwt-assertion", "impersonate-user", "x-ms-client-request-id"],
    ...["x-user-id", "x-username", "x-csrf-token", "x-azure-fdid", "x-token", "x-access-token", "auth-token"],
  ];
  assertDropped(names, false);
});

Deno.test("headers of other kinds are not taken for those of proxies", () => {
  const names = [
    ...["host", "accept", "authorization", "cookie", "origin", "referer", "user-agent", "range", "te", "via"],
    ...["x-requested-with", "x-csrf-token", "x-http-method-override", "x-request-id", "x-hub-signature-256"],
    ...[
      "cdn-loop",
      "traceparent",
      "upgrade-insecure-requests",
      "x-api-key",
      "sec-websocket-key",
      "x-shipping-address",
      "x-client-version",
      "x-client-id",
    ],
    ...[
      "idempotency-key",
      "x-amz-content-sha256",
      "if-none-match",
      "proxy-status",
      "proxy-connection",
      "x-user-agent",
    ],
  ];
  assertDropped(names, false);
});

Deno.test("the rules for headers are for requests that have one of theirs, and are spared others", () => {
  assert.deepEqual(
    ["cdn-loop", "connection", "upgrade", "x-forwarded-for", "forwarded"].filter(isNoted).length,
    5,
  );
  const browser = [
    ...[
      "host",
      "user-agent",
      "accept",
      "accept-language",
      "accept-encoding",
      "cookie",
      "referer",
      "origin",
      "te",
    ],
    ...["sec-ch-ua", "sec-ch-ua-mobile", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "priority"],
    ...["upgrade-insecure-requests", "cache-control", "if-none-match", "authorization", "x-requested-with"],
    ...["content-type", "content-length", "range", "x-csrf-token", "traceparent", "via"],
  ];
  assert.equal(isNotedIn(browser.join(",")), false);
});

Deno.test("the two rules of the frontend drop what the one expression does, and no name but those", () => {
  const parts = FORWARDING_HEADERS.match(/[a-z]+/g) ?? [];
  const random = seeded(1);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let dropped = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    const words = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(parts));
    const name = words.join(pick(["-", "-", "_", "."])) + pick(["", "", "", "s", "-x"]);
    if (isDropped(pick(["", "", "x-"]) + name)) dropped++;
  }
  assert.ok(dropped > 1_000 && dropped < 19_000, `${dropped}`);
});
