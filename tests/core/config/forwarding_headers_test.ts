import assert from "node:assert/strict";
import { FORWARDING_HEADERS } from "../../../lib/core/config/forwarding_headers.ts";

const pattern = new RegExp(FORWARDING_HEADERS);

Deno.test("headers that proxies speak of clients with are known in every spelling", () => {
  for (
    const name of [
      "x-forwarded-for",
      "x.forwarded.for",
      "x~real~ip",
      "cf_connecting_ip",
      "x-original-url",
      "x-vercel-forwarded-for",
    ]
  ) {
    assert.match(name, pattern);
  }
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
  for (const name of names) assert.match(name, pattern);
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
  for (const name of names) assert.match(name, pattern);
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
    ...["client-cert", "client-cert-chain", "x-forwarded-client-cert", "x-arr-clientcert", "ssl-cipher"],
    ...["x-amzn-mtls-clientcert-subject", "wl-proxy-client-cert", "x-tls-client-subject", "$wscc"],
  ];
  for (const name of names) assert.match(name, pattern);
});

Deno.test("what is for the next proxy alone goes no further", () => {
  for (const name of ["proxy-authorization", "proxy_authorization"]) {
    assert.match(name, pattern);
  }
});

Deno.test("what clients prove themselves with passes", () => {
  const names = [
    ...["authorization", "x-auth-token", "x-auth-user", "x-auth-key", "x-auth-email", "x-api-key", "cookie"],
    ...["cf-access-jwt-assertion", "cf-access-client-id", "cf-access-client-secret", "x-amzn-oidc-data"],
    ...["x-goog-iap-jwt-assertion", "x-pomerium-jwt-assertion", "impersonate-user", "x-ms-client-request-id"],
    ...["x-user-id", "x-username", "x-csrf-token", "x-azure-fdid"],
  ];
  for (const name of names) assert.doesNotMatch(name, pattern);
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
  for (const name of names) assert.doesNotMatch(name, pattern);
});
