import type { GUARD_KEYS } from "../../../lib/core/keys/guard_keys.ts";
import type { RowsOf } from "./key_row.ts";

const HEX = "0d9f".repeat(16);

/** What the tests know of these keys: one that is missing does not compile. */
export const GUARD_ROWS = {
  basic_auth: {
    sample: [["ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="], "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="],
    right: [[`ann:{SHA256}s4lt$${HEX}`, `bob@example.com:{SHA256}./-_$${HEX.toUpperCase()}`], [
      `ann:{SHA256}other$${HEX}`,
    ]],
    wrong: [
      "ann:secret",
      "ann",
      "ann:",
      `:{SHA256}s4lt$${HEX}`,
      `a|b:{SHA256}s4lt$${HEX}`,
      `a b:{SHA256}s4lt$${HEX}`,
      `ann:{SHA256}s|lt$${HEX}`,
      "ann:$apr1$zgbzgmLL$8HeoLDHPVBwIV9CHyV.5u.",
      "ann:{SHA}short=",
      5,
    ],
    rows: [/^users[.]map [A-Za-z0-9._@+-]+ [A-Za-z0-9.\/_-]*[$](?:[0-9a-f]{40}|[0-9a-f]{64})$/],
  },
  basic_auth_realm: {
    sample: ["The office", "The office"],
    right: ["a;b%[src]", "x"],
    wrong: ['a"b', "a\\b", " x", "", "é"],
    rows: [/^routes[.]map realm [ !#-[\]-~]+$/],
  },
  forward_auth: {
    sample: ["http://192.0.2.7:9091/api/verify", "http://192.0.2.7:9091/api/verify"],
    right: ["192.0.2.7:80", "http://[2001:db8::1]/x?y=z", "HTTP://192.0.2.7", "10.0.0.1:4180/oauth2/auth"],
    wrong: [
      "https://192.0.2.7/",
      "http://127.0.0.1:2375/",
      "[::1]:80",
      "[::ffff:127.0.0.1]:80",
      "169.254.169.254:80/latest",
      "http://0.0.0.0/",
      "authelia",
      "authelia:0",
      "authelia:80/a b",
      "authelia:80/%[src]|x",
      "http://u:p@192.0.2.7/",
      "192.0.2.7:80#x",
      "ftp://192.0.2.7/",
      "",
    ],
    rows: [/^routes[.]map ask http:\/\/(?:[0-9.]+|\[[0-9a-f:]+\]):\d+\/[A-Za-z0-9._~!$&()*+,;=:@%/?-]*$/],
  },
  forward_auth_headers: {
    sample: [["Remote-User"], "Remote-User"],
    right: [["X-Auth-Request-Email", "Authorization", "X_a"]],
    wrong: ["a b", "Host", "content-length", "X-Forwarded-For", "a:b", "a,b", "", "é"],
    rows: [/^routes[.]map askheaders [A-Za-z0-9_,-]+$/],
  },
} satisfies RowsOf<keyof typeof GUARD_KEYS>;
