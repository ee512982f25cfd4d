import type { GUARD_KEYS } from "../../../lib/core/keys/guard_keys.ts";
import type { RowsOf } from "./key_row.ts";

const HEX = "0d9f".repeat(16);
const six = (address: string): string => `[${address}]:80`;

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
    right: ["192.0.2.7:80", "http://[2001:db8::1]/x?y=z", "HTTP://192.0.2.7", "10.0.0.1:4180/oauth2/auth"]
      .concat(
        ["[fd00:ec2::255]:80", "[64:ff9b::c000:207]:80", "[2002:c000:207::1]:80"],
      ),
    wrong: [
      "https://192.0.2.7/",
      "http://127.0.0.1:2375/",
      "[::1]:80",
      "[::ffff:127.0.0.1]:80",
      "169.254.169.254:80/latest",
      // Every address that no container may have, in any spelling.
      ...[
        "100.100.100.200",
        "168.63.129.16",
        "255.255.255.255",
        "240.0.0.1",
        "224.0.0.1",
        "0.0.0.0",
        "127.9.9.9",
      ],
      ...["fd00:ec2::254", "FD00:0EC2:0::254", "fd20:ce::254", "fe80::1", "ff02::1", "::", "::127.0.0.1"].map(
        six,
      ),
      ...["::ffff:169.254.169.254", "::ffff:6464:64c8", "::169.254.169.254", "::ffff:0:100.100.100.200"].map(
        six,
      ),
      ...["64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::6464:64c8", "64:ff9b::7f00:1"].map(
        six,
      ),
      ...["2002:a9fe:a9fe::1", "2002:7f00:1::"].map(six),
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
    wrong: [
      ...["a b", "Host", "content-length", "X-Forwarded-For", "a:b", "a,b", "", "é"],
      ...["X_Forwarded_Proto", "X-Client-Cert-Subject", "x_client_cert_fingerprint", "Forwarded"],
    ],
    rows: [/^routes[.]map askheaders [A-Za-z0-9_,-]+$/],
  },
} satisfies RowsOf<keyof typeof GUARD_KEYS>;
