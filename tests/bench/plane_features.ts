/** What routes of the benchmark ask for: nothing, something of each group of keys, and eleven things at once. */

/** A route: what it is called, what its container says, and who asks for it. */
export type Feature = { readonly name: string; readonly said: object; readonly credentials?: string };

const ANN = "ann:secret";
/** The same password by each kind of hash. */
const SHA_256 = "ann:{SHA256}salt$bede90386d450cea8b77b822f8887065e4e5abf132c2f9dccfcc7fbd4cba5e35";
const BCRYPT = "ann:$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

const ELEVEN = {
  context_root_target: "/v1",
  request_headers: ["X-Team: web"],
  response_headers: ["X-Frame-Options: DENY"],
  cors_origins: ["https://app.example"],
  redirects: ["~^/old/(.*)$ /new/\\1"],
  allow_from: ["127.0.0.0/8", "10.0.0.0/8"],
  rate_limit: "999999/1s",
  max_requests: 9_999,
  max_body: "10m",
  basic_auth: [SHA_256],
  server_timeout: 30_000,
};

/** The first is the one that the others are compared with. */
export const FEATURES: readonly Feature[] = [
  { name: "a plain route", said: {} },
  { name: "paths: one put in front", said: { context_root_target: "/v1" } },
  { name: "redirects: a pattern that does not match", said: { redirects: ELEVEN.redirects } },
  { name: "answers: a header", said: { response_headers: ELEVEN.response_headers } },
  { name: "guards: allow_from", said: { allow_from: ELEVEN.allow_from } },
  { name: "guards: rate_limit", said: { rate_limit: ELEVEN.rate_limit } },
  { name: "guards: a password by SHA-256", said: { basic_auth: [SHA_256] }, credentials: ANN },
  { name: "guards: a password by bcrypt, remembered", said: { basic_auth: [BCRYPT] }, credentials: ANN },
  { name: "the container: server_timeout", said: { server_timeout: ELEVEN.server_timeout } },
  { name: "eleven features", said: ELEVEN, credentials: ANN },
];
