import assert from "node:assert/strict";
import {
  type Certificate,
  type FoundCertificates,
  SecretPem,
} from "../../../lib/core/certificates/certificate.ts";
import { chooseCertificates } from "../../../lib/core/certificates/choose.ts";
import { RefusedCertificates } from "../../../lib/core/certificates/refused_certificates.ts";

const NOW = Date.UTC(2026, 10, 29);

function made(name: string, content = name): Certificate {
  return {
    path: `/certs/${name}`,
    keyPath: undefined,
    origin: "file",
    name,
    pem: new SecretPem(content),
    content,
    fingerprint: content,
    names: [name.replace(/\.pem$/, ".test")],
    validFrom: NOW - 1,
    validTo: NOW + 1,
    keyKind: "rsa",
  };
}

const found = (...certificates: readonly Certificate[]): FoundCertificates => ({
  certificates,
  selfSigned: { ...made("self-signed"), origin: "self-signed", path: "" },
  notices: [],
  atMs: NOW,
});

const setOf = ({ certificates, selfSigned }: FoundCertificates) =>
  chooseCertificates(certificates, selfSigned, NOW);

const contentsOf = ({ certificates }: FoundCertificates) => certificates.map(({ content }) => content).join();

/** What HAProxy says of a file: 2.6 without OpenSSL's reason, 3.0 and later with it. */
const refusal = (file: string, reason = "") =>
  "parsing [haproxy.cfg:9] : 'bind :443' in section 'frontend' : 'crt-list' : error processing line 3 in file 'certs.list' : " +
  `unable to load SSL certificate into SSL Context '${file}'${reason}.`;

Deno.test("a certificate that HAProxy names is left out with its words, until its content changes", () => {
  const refused = new RefusedCertificates();
  const all = found(made("a.pem"), made("b.pem"), made("c.pem"));
  assert.equal(refused.filter(all), all);
  const words = `${refusal("certs.d/b.pem", ": ee key too small")}; ${refusal("certs.d/c.pem")}`;
  assert.ok(refused.refuse(setOf(all), words));
  const filtered = refused.filter(all);
  assert.equal(contentsOf(filtered), "a.pem");
  assert.equal(refused.filter(all), filtered, "what is built of it is remembered by it");
  assert.deepEqual(filtered.notices.map(({ subject, message }) => `${subject}: ${message}`), [
    "/certs/b.pem: it is not used, since HAProxy refuses it: unable to load SSL certificate into SSL Context: ee key too small",
    "/certs/c.pem: it is not used, since HAProxy refuses it: unable to load SSL certificate into SSL Context",
  ]);
  const mended = found(made("a.pem"), made("b.pem", "mended"), made("c.pem"));
  assert.equal(contentsOf(refused.filter(mended)), "a.pem,mended");
  assert.equal(contentsOf(refused.filter(all)), "a.pem,b.pem", "it is tried again when it comes again");
  refused.clear();
  assert.equal(refused.filter(all), all);
});

Deno.test("the default one is told too, and words that name no certificate refuse none", () => {
  const refused = new RefusedCertificates();
  const all = found(made("a.pem"), made("b.pem"));
  assert.equal(refused.refuse(setOf(all), "parsing [haproxy.cfg:9] : unknown keyword 'x'"), false);
  assert.equal(refused.refuse(setOf(all), refusal("certs.d/a.pem.pem")), false);
  assert.ok(refused.refuse(setOf(all), refusal("certs.d/_default.pem")));
  assert.equal(contentsOf(refused.filter(all)), "b.pem");
  assert.equal(refused.refuse(setOf(all), refusal("certs.d/a.pem")), false, "it is known");
});

Deno.test("what a file held before stays where what it holds now is refused", () => {
  const refused = new RefusedCertificates();
  refused.take(setOf(found(made("a.pem"), made("b.pem"))));
  const all = found(made("a.pem"), made("b.pem", "small"));
  assert.ok(refused.refuse(setOf(all), refusal("certs.d/b.pem")));
  const filtered = refused.filter(all);
  assert.equal(contentsOf(filtered), "a.pem,b.pem");
  assert.match(filtered.notices[0]?.message ?? "", /; what it held before is$/);
  const gone = found(made("a.pem"));
  assert.equal(contentsOf(refused.filter(gone)), "a.pem");
});

Deno.test("HAProxy is asked once about each set with something new in it", () => {
  const refused = new RefusedCertificates();
  const [one, two] = [setOf(found(made("a.pem"))), setOf(found(made("a.pem"), made("b.pem")))];
  assert.equal(refused.isToAsk(setOf(found())), false, "what signed itself is ours");
  assert.deepEqual([refused.isToAsk(two), refused.isToAsk(two)], [true, false]);
  refused.take(two);
  assert.equal(refused.isToAsk(one), false, "all of it was taken");
  assert.ok(refused.isToAsk(setOf(found(made("a.pem", "new")))));
});

Deno.test("a file that is gone in the middle of a check says nothing of its certificate", () => {
  const refused = new RefusedCertificates();
  const all = found(made("a.pem"));
  const words =
    "parsing [haproxy.cfg:9] : 'bind :443' in section 'frontend' : 'crt-list' : unable to stat SSL certificate from file " +
    "'certs.d/a.pem' : No such file or directory.";
  assert.equal(refused.refuse(setOf(all), words), false);
  assert.equal(refused.filter(all), all);
});
