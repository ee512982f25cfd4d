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
} satisfies RowsOf<keyof typeof GUARD_KEYS>;
