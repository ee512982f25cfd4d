import assert from "node:assert/strict";
import { cryptList, parseCredential, userRows } from "../../../lib/core/keys/password.ts";
import type { RouteId } from "../../../lib/core/values/names.ts";
import { HIDDEN } from "../../../lib/core/values/secret_text.ts";

const of = (length: number) => "a./Z9".repeat(30).slice(0, length);
const CRYPT = [
  `$2y$10$${of(53)}`,
  `$2b$04$${of(53)}`,
  `$5$salt$${of(43)}`,
  `$5$rounds=99999$salt$${of(43)}`,
  `$6$rounds=5000$saltsaltsaltsalt$${of(86)}`,
  `$y$j9T$${of(22)}$${of(43)}`,
];

const credentials = (...texts: readonly string[]) =>
  texts.flatMap((text) => {
    const credential = parseCredential(text);
    return credential.ok ? [credential.value] : [];
  });

Deno.test("hashes that only crypt knows stand in the config, and their rows have the sum of all of them", () => {
  const sums = new Set<string>();
  for (const hash of CRYPT) {
    const users = credentials(`ann:${hash}`, "bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=");
    assert.deepEqual(cryptList(users).users, [{ user: "ann", hash }]);
    assert.match(cryptList(users).sum, /^[0-9a-f]{32}$/);
    const [first, second] = userRows(users, "own.local" as RouteId);
    assert.equal(first?.value, `crypt$${cryptList(users).sum}`);
    assert.match(second?.value ?? "", /^\$[0-9a-f]{40}$/);
    sums.add(cryptList(users).sum);
  }
  assert.equal(sums.size, CRYPT.length);
});

Deno.test("hashes that would hold up HAProxy, and broken ones, are refused", () => {
  const wrong = [
    `$2y$11$${of(53)}`,
    `$2y$31$${of(53)}`,
    `$2x$10$${of(53)}`,
    `$2y$10$${of(52)}`,
    `$5$rounds=100000$salt$${of(43)}`,
    `$6$salt$${of(43)}`,
    `$y$jAT$${of(22)}$${of(43)}`,
    `$y$jFT$${of(22)}$${of(43)}`,
    `$5$sa'lt$${of(43)}`,
    `$5$salt$${of(42)}\n`,
    `$argon2id$v=19$m=65536,t=3,p=4$${of(22)}$${of(43)}`,
  ];
  for (const hash of wrong) {
    const credential = parseCredential(`ann:${hash}`);
    assert.ok(!credential.ok, hash);
    assert.match(credential.expected, /`signalbox password USER` makes one/);
    assert.doesNotMatch(credential.expected, /a\.\/Z9/);
  }
});

Deno.test("of two hashes of a user the first counts, of whichever kind", () => {
  const users = credentials(
    `ann:${CRYPT[0]}`,
    "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    `bob:${HIDDEN}`,
    `bob:${CRYPT[2]}`,
  );
  assert.deepEqual(cryptList(users).users, [{ user: "ann", hash: CRYPT[0] }]);
  const rows = userRows(users, "own.local" as RouteId);
  assert.deepEqual(rows.map(({ key }) => key).sort(), ["own.local|ann", "own.local|bob"]);
  assert.equal(rows.find(({ key }) => key.endsWith("bob"))?.value, HIDDEN);
});
