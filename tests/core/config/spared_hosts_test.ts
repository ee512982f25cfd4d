/** A wildcard's wish changes no handshake of an older host below it. */
import assert from "node:assert/strict";
import { chooseCertificates, listText } from "../../../lib/core/certificates/choose.ts";
import type { Certificate } from "../../../lib/core/certificates/certificate.ts";
import { sparedHosts } from "../../../lib/core/config/spared_hosts.ts";
import type { Route } from "../../../lib/core/model/model.ts";
import type { HostName } from "../../../lib/core/values/names.ts";

const DAY = 86_400_000;
const certificate = (name: string, ...names: readonly string[]) =>
  ({
    name,
    origin: "file",
    names,
    path: `/c/${name}`,
    keyKind: "rsa",
    validFrom: 0,
    validTo: DAY,
    content: name,
  }) as unknown as Certificate;
const WILD = certificate("wild.pem", "*.a.com");
const OTHER = certificate("other.pem", "*.a.com", "b.com");

/** Hosts in the order of their age. */
const deciders = (...hosts: readonly string[]) =>
  new Map(hosts.map((host) => [host as HostName, { by: `of ${host}` } as Route]));
const wish = new Map([["*.a.com", "other"]]);
const ask = new Map([["*.a.com", "certs.d/_ca-clients-x"]]);
const NONE = new Map<string, string>();

Deno.test("hosts right below a wildcard with a wish are told from it, older ones first", () => {
  const hosts = deciders(
    "old.a.com",
    "deep.old.a.com",
    "*.a.com",
    "young.a.com",
    "b.com",
    "a.com",
    "own.a.com",
  );
  const certificates = [WILD, certificate("own.pem", "own.a.com")];
  for (const [wishes, asking] of [[wish, NONE], [NONE, ask]] as const) {
    const found = sparedHosts({ deciders: hosts }, { certificates }, { wishes, asking });
    assert.deepEqual(found.spared, ["old.a.com", "young.a.com"]);
    assert.deepEqual(found.notices, []);
    assert.equal(found.asking, asking);
  }
  const said = new Map([...ask, ["old.a.com", "certs.d/_ca-clients-y"]]);
  const found = sparedHosts({ deciders: hosts }, { certificates }, { wishes: NONE, asking: said });
  assert.deepEqual(found.spared, ["young.a.com"]);
  assert.deepEqual(
    sparedHosts({ deciders: hosts }, { certificates }, { wishes: NONE, asking: NONE }).spared,
    [],
  );
});

Deno.test("they have what they would have without the wildcard's wish, and nobody asks their clients", () => {
  const rows = (wishes: ReadonlyMap<string, string>, asking: ReadonlyMap<string, string>) =>
    listText(
      chooseCertificates([WILD, OTHER], undefined, 1, { wishes, asking, spared: ["old.a.com"], named: [] }),
    )
      .split("\n").filter((line) => line.includes("old.a.com"));
  for (const lines of [rows(wish, NONE), rows(NONE, ask)]) {
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^certs\.d\/wild-[0-9a-f]{12}\.pem old\.a\.com$/);
  }
});

Deno.test("where more older hosts are below it than there is room for, the wish is left out", () => {
  const many = Array.from({ length: 257 }, (_, at) => `h${at}.a.com`);
  const few = ["x.b.com", "*.b.com", "y.b.com"];
  const hosts = deciders(...many, ...few, "*.a.com");
  const wishes = new Map([["*.a.com", "other"], ["*.b.com", "other"]]);
  const found = sparedHosts({ deciders: hosts }, { certificates: [WILD] }, { wishes, asking: ask });
  assert.deepEqual(found.spared, ["x.b.com", "y.b.com"]);
  assert.deepEqual([...found.wishes.keys()], ["*.b.com"]);
  assert.deepEqual([...found.asking.keys()], []);
  assert.deepEqual(found.notices.map(({ subject }) => subject), ["of *.a.com"]);
  assert.match(found.notices[0]?.message ?? "", /257 hosts .* right below \*\.a\.com; there it answers 403$/);
  // Younger ones are only told from it as long as there is room.
  const younger = sparedHosts({ deciders: deciders("*.a.com", ...many) }, { certificates: [] }, {
    wishes,
    asking: ask,
  });
  assert.equal(younger.spared.length, 256);
  assert.equal(younger.asking.size, 1);
});
