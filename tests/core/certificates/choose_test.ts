import assert from "node:assert/strict";
import { type Certificate, SecretPem } from "../../../lib/core/certificates/certificate.ts";
import { isNamedFile, type NamedFile } from "../../../lib/core/certificates/named_file.ts";
import { chooseCertificates, listText, NOTHING_WANTED } from "../../../lib/core/certificates/choose.ts";

const NOW = Date.UTC(2026, 10, 29);
const DAY = 86_400_000;

function made(name: string, names: readonly string[], more: Partial<Certificate> = {}): Certificate {
  return {
    path: `/certs/${name}`,
    keyPath: undefined,
    origin: "file",
    name,
    pem: new SecretPem(name),
    content: name,
    fingerprint: name,
    names,
    validFrom: NOW - DAY,
    validTo: NOW + DAY,
    keyKind: "ecdsa",
    ...more,
  };
}

const SELF_SIGNED = made("self-signed", ["signalbox.invalid"], { origin: "self-signed", path: "" });

const rowsOf = (...certificates: readonly Certificate[]) =>
  listText(chooseCertificates(certificates, SELF_SIGNED, NOW)).split("\n").filter((line) =>
    line !== "" && !line.startsWith("#")
  );

const defaultOf = (...certificates: readonly Certificate[]) =>
  chooseCertificates(certificates, SELF_SIGNED, NOW).rows[0]?.certificate?.name;

Deno.test("each certificate is a row under its own name, the first one is the default too", () => {
  const [a, b] = [made("a.pem", ["a.test"]), made("b.pem", ["b.test"])];
  assert.deepEqual(rowsOf(a, b), ["certs.d/_default.pem !*", "certs.d/a.pem", "certs.d/b.pem"]);
  assert.equal(defaultOf(a, b), "a.pem");
});

Deno.test("where there is none, and where only fetched ones are, the default is the one that signed itself", () => {
  assert.deepEqual(rowsOf(), ["certs.d/_default.pem !*"]);
  assert.equal(defaultOf(), "self-signed");
  assert.equal(defaultOf(made("a.test", ["a.test"], { origin: "acme" })), "self-signed");
});

Deno.test("for one name and kind of key, a valid one counts before an expired one, and a file before what was fetched", () => {
  const expired = made("old.pem", ["a.test", "old.test"], { validTo: NOW - DAY });
  const fetched = made("a.test", ["a.test"], { origin: "acme" });
  const file = made("new.pem", ["a.test"]);
  const rsa = made("rsa.pem", ["a.test"], { keyKind: "rsa" });
  const rows = rowsOf(expired, file, rsa, fetched);
  assert.equal(rows.length, 4);
  assert.match(rows[1] ?? "", /^certs\.d\/old-[0-9a-f]{12}\.pem old\.test$/);
  assert.deepEqual(rows.slice(2), ["certs.d/new.pem", "certs.d/rsa.pem"]);
  assert.match(rowsOf(expired, fetched)[2] ?? "", /^certs\.d\/a\.test-[0-9a-f]{12}\.pem$/);
});

Deno.test("of two that are valid, the one that lasts longer is used", () => {
  const before = made("a-2026.pem", ["a.test"]);
  const after = made("a-2027.pem", ["a.test"], { validTo: NOW + 300 * DAY });
  assert.deepEqual(rowsOf(before, after).slice(1), ["certs.d/a-2027.pem"]);
});

Deno.test("a name that is no plain one is made one, and two never share a file", () => {
  const odd = made("a b;c.pem", ["a.test"]);
  const [, row = ""] = rowsOf(odd);
  assert.match(row, /^certs\.d\/a_b_c-[0-9a-f]{12}\.pem$/);
  const twins = rowsOf(made("a.pem", ["a.test"]), made("a.pem", ["b.test"], { path: "/other/a.pem" }));
  assert.equal(new Set(twins).size, 3);
  assert.notEqual(rowsOf(made("_default.pem", ["a.test"]))[1], "certs.d/_default.pem");
});

Deno.test("none is called as files of authorities, of what servers are shown, and of answers are", () => {
  const names = ["_ca-x.pem", "_cert-x.pem", "_ca-clients-x.pem", "_answer-0.pem", "_default.pem", "_ca-"];
  const all = names.map((name, at) => made(name, [`${at}.test`]));
  const { rows } = chooseCertificates(all, SELF_SIGNED, NOW);
  assert.equal(rows.length, names.length + 1);
  assert.deepEqual(rows.filter(({ file }) => isNamedFile(file)), []);
  assert.equal(new Set(rows.map(({ file }) => file)).size, rows.length);
});

Deno.test("another content is another list, so that all that compares files finds it", () => {
  const before = chooseCertificates([made("a.pem", ["a.test"])], SELF_SIGNED, NOW);
  const after = chooseCertificates([made("a.pem", ["a.test"], { content: "renewed" })], SELF_SIGNED, NOW);
  assert.notEqual(listText(before), listText(after));
});

Deno.test("a host is shown the certificate that its route names, whatever names it is for, and no other", () => {
  const [a, b] = [made("a.pem", ["a.test", "x.test"]), made("b.pem", ["b.test"])];
  const set = chooseCertificates([a, b], SELF_SIGNED, NOW, {
    ...NOTHING_WANTED,
    wishes: new Map([["a.test", "b"], ["c.test", "b.pem"]]),
  });
  const [, first = "", second = ""] = listText(set).split("\n").filter((line) => line.startsWith("certs.d"));
  assert.match(first, /^certs\.d\/a-[0-9a-f]{12}\.pem x\.test$/);
  assert.match(second, /^certs\.d\/b-[0-9a-f]{12}\.pem b\.test a\.test c\.test$/);
  assert.deepEqual(
    chooseCertificates([a, b], SELF_SIGNED, NOW, {
      ...NOTHING_WANTED,
      wishes: new Map([["b.test", "b"], ["a.test", "none"]]),
    }).rows,
    chooseCertificates([a, b], SELF_SIGNED, NOW).rows,
  );
});

Deno.test("authorities of clients are there only where a row names them, which is how a load brings them", () => {
  const pem = new SecretPem("ca");
  const files = ["certs.d/_ca-clients-a", "certs.d/_ca-clients-b", "certs.d/_ca-servers-b"].map((
    file,
  ): NamedFile => (
    { file, kind: "authorities", path: "/ca", keyPath: undefined, pem, content: file, fingerprint: file }
  ));
  const namedOf = (asking: ReadonlyMap<string, string>) =>
    chooseCertificates([made("a.pem", ["a.test"])], SELF_SIGNED, NOW, {
      ...NOTHING_WANTED,
      asking,
      named: files,
    })
      .named?.map(({ file }) => file);
  assert.deepEqual(namedOf(new Map()), ["certs.d/_ca-servers-b"]);
  assert.deepEqual(namedOf(new Map([["a.test", "certs.d/_ca-clients-a"]])), [
    "certs.d/_ca-clients-a",
    "certs.d/_ca-servers-b",
  ]);
});
