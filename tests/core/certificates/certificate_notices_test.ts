import assert from "node:assert/strict";
import { type Certificate, SecretPem } from "../../../lib/core/certificates/certificate.ts";
import { certificateNotices, covers } from "../../../lib/core/certificates/certificate_notices.ts";

const NOW = Date.UTC(2026, 10, 29, 12);
const DAY = 86_400_000;

function told(
  more: Partial<Certificate>,
  hosts: readonly string[] = ["a.test"],
  isFetching = false,
  wishes?: ReadonlyMap<string, string>,
): string[] {
  const certificate: Certificate = {
    path: "/certs/a.pem",
    keyPath: undefined,
    origin: "file",
    name: "a.pem",
    pem: new SecretPem(""),
    content: "",
    fingerprint: "",
    names: ["a.test"],
    validFrom: NOW - 30 * DAY,
    validTo: NOW + 60 * DAY,
    keyKind: "ecdsa",
    ...more,
  };
  const found = { certificates: [certificate], selfSigned: undefined, notices: [], atMs: NOW };
  return certificateNotices(found, hosts, isFetching, wishes).map(({ severity, subject, message }) =>
    `${severity}: ${subject}: ${message}`
  );
}

Deno.test("what has expired, is not valid yet or expires within 14 days is a warning; of a short life, its last third is", () => {
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ validTo: NOW - DAY }), [
    "warning: /certs/a.pem: it expired on 2026-11-28 at 12:00 UTC: clients refuse it",
  ]);
  assert.deepEqual(told({ validFrom: NOW + DAY }), [
    "warning: /certs/a.pem: it is valid from 2026-11-30 at 12:00 UTC on: clients refuse it until then",
  ]);
  assert.deepEqual(told({ validTo: NOW + 13 * DAY }), [
    "warning: /certs/a.pem: it expires on 2026-12-12 at 12:00 UTC: put a new one in its place",
  ]);
  const days = (past: number, ahead: number) => ({ validFrom: NOW - past * DAY, validTo: NOW + ahead * DAY });
  assert.deepEqual(told(days(3, 3)), []);
  assert.equal(told(days(5, 1)).length, 1);
  assert.deepEqual(told({ ...days(5, 1), origin: "acme" }), [], "what fetches it tells of it");
});

Deno.test("a certificate for no routed host, and a routed host without one, are told; not while hosts get theirs fetched", () => {
  assert.deepEqual(told({ names: ["*.a.test"] }, ["x.a.test"]), []);
  assert.deepEqual(told({}, ["b.test"]), [
    "info: /certs/a.pem: it is for a.test, and no such host is routed",
    "info: --tls-cert: b.test has no certificate: clients of it are shown the default one",
  ]);
  assert.deepEqual(told({}, ["b.test"], false, new Map([["b.test", "a"]])), [], "a route names it");
  assert.deepEqual(told({}, ["a.test", "b.test"], true), []);
  assert.deepEqual(told({}, []), []);
});

Deno.test("a wildcard stands for one label", () => {
  assert.ok(covers(["*.a.test"], "x.a.test"));
  assert.ok(covers(["*.a.test"], "*.a.test"));
  assert.ok(!covers(["*.a.test"], "a.test"));
  assert.ok(!covers(["*.a.test"], "x.y.a.test"));
});
