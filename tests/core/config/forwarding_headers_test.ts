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
    ...["idempotency-key", "x-amz-content-sha256", "if-none-match", "proxy-authorization", "x-user-agent"],
  ];
  for (const name of names) assert.doesNotMatch(name, pattern);
});
