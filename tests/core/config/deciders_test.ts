/** A handshake knows no path: the oldest container of a host decides about its certificate and its clients'. */
import assert from "node:assert/strict";
import type { Authority } from "../../../lib/core/certificates/authority.ts";
import type { Certificate, FoundCertificates } from "../../../lib/core/certificates/certificate.ts";
import { certificateWishes } from "../../../lib/core/config/certificate_wishes.ts";
import { namedFiles } from "../../../lib/core/config/named_files.ts";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { renderDesired } from "../../../lib/core/config/render.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { Port } from "../../../lib/core/values/names.ts";
import { HOSTS_MAP } from "../../../lib/core/values/table.ts";
import { compileTemplates } from "../../../lib/core/config/templates.ts";
import { container, SETTINGS } from "../containers.ts";

const TLS = { port: 443 as Port, options: "", profile: "intermediate" } as const;
const RANGE = { first: 1000 as Port, last: 9000 as Port };
const WITH_TLS = {
  ...SETTINGS,
  tcpPorts: [RANGE],
  frontend: { ...SETTINGS.frontend, tls: TLS, acmeThumbprint: "thumb" },
};
const certificate = (name: string): Certificate =>
  ({ name, origin: "file", names: ["a.com"], path: `/c/${name}` }) as unknown as Certificate;
const authority = (name: string): Authority =>
  ({ name, use: "clients", pem: name, content: name, nameHashes: [`hash-${name}`] }) as unknown as Authority;
const FOUND: FoundCertificates = {
  certificates: [certificate("one.pem"), certificate("two.pem")],
  authorities: [authority("one.pem"), authority("two.pem")],
  selfSigned: undefined,
  notices: [],
  atMs: 0,
};

const serving = (name: string, data: object, createdAt = 0) =>
  container(name, { interlockData: JSON.stringify(data), createdAt });
const built = (...containers: ContainerView[]) =>
  buildModel({ containers, stopping: new Set(), starting: new Set() }, WITH_TLS);

/** What a younger container may try, to have a say about a host: none of it makes it the host's oldest. */
const YOUNGER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "the host's root": { hostname: "a.com" },
  "a path": { hostname: "a.com", context_root: "/x" },
  "an alias with a path": { hostname: "b.com", context_root: "/x", alias_domains: ["a.com"] },
  "a redirect": { hostname: "b.com", redirects: ["a.com/old https://b.com"] },
  "a variant": { hostname: "a.com", context_root: "/deep/path", methods: ["POST"] },
};
const OLD = { hostname: "a.com", context_root: "/deep/path" };

for (const [what, data] of Object.entries(YOUNGER)) {
  Deno.test(`a younger container with ${what} does not choose the certificate of an older one's host`, () => {
    const of = (old: Readonly<Record<string, unknown>>) =>
      certificateWishes(
        built(serving("old", { ...OLD, ...old }), serving("young", { ...data, ssl_cert: "two" }, 1)).model,
        FOUND,
      );
    assert.equal(of({}).wishes.get("a.com"), undefined);
    const { wishes, notices } = of({ ssl_cert: "one" });
    assert.equal(wishes.get("a.com"), "one");
    assert.ok(notices.some(({ subject, message }) => subject === "young" && message.includes("a.com")), what);
  });

  Deno.test(`a younger container with ${what} does not decide whom an older one's host asks for a certificate`, () => {
    const asking = (old: Readonly<Record<string, unknown>>) =>
      namedFiles(
        built(serving("old", { ...OLD, ...old }), serving("young", { ...data, client_ca: "two" }, 1)).model,
        FOUND,
      );
    assert.equal(asking({}).asking.get("a.com"), undefined);
    assert.match(asking({ client_ca: "one" }).asking.get("a.com") ?? "", /one/);
  });
}

Deno.test("clients of 32 hosts of one container are asked for certificates, and of as many of the next one", () => {
  const hosts = (name: string) => Array.from({ length: 40 }, (_, at) => `${name}${at}.com`);
  const of = (name: string, at: number) =>
    serving(name, [
      { hostname: `${name}.com`, client_ca: "one", alias_domains: hosts(name) },
      { hostname: `${name}.com`, context_root: "/more", client_ca: "one" },
    ], at);
  const { model } = built(of("old", 0), of("young", 1));
  const { asking, notices } = namedFiles(model, FOUND);
  const count = (name: string) => [...asking.keys()].filter((host) => host.startsWith(name)).length;
  assert.deepEqual([count("old"), count("young")], [32, 32]);
  assert.equal(notices.length, 2);
  for (const { message } of notices) assert.match(message, /32 hosts of one container.*answers 403/);
  // The flag stays: HAProxy lets in nobody whose issuer has no row.
  assert.match(flags(of("old", 0), of("young", 1))["old39.com/"] ?? "", /,clientca,/);
});

Deno.test("a younger container may say the same, and decides once the older one is gone", () => {
  const young = serving("young", { hostname: "a.com", context_root: "/x", ssl_cert: "two" }, 1);
  const both = built(serving("old", { ...OLD, ssl_cert: "two" }), young).model;
  assert.deepEqual(certificateWishes(both, FOUND).notices, []);
  assert.equal(certificateWishes(built(young).model, FOUND).wishes.get("a.com"), "two");
});

/** The flags of each row of hosts.map. */
function flags(...containers: ContainerView[]): Readonly<Record<string, string>> {
  const { model } = built(...containers);
  const { tables } = renderDesired(model, compileTemplates({}), WITH_TLS);
  return Object.fromEntries(
    [...tables.get(HOSTS_MAP) ?? []].map(([key, value]) => [key, `${value}`.split("|")[1] ?? ""]),
  );
}

Deno.test("challenges of a host go to the container that serves its root, and to no other of its paths", () => {
  const challenge = "/.well-known/acme-challenge";
  const own = { acme: false };
  assert.match(flags(serving("a", { hostname: "a.com", ...own }))["a.com/"] ?? "", /,ownacme,/);
  const old = serving("old", { hostname: "a.com" });
  const tries = {
    path: { hostname: "b.com", ...own, alias_domains: ["a.com"], context_root: ["/", challenge] },
    redirect: { hostname: "b.com", ...own, redirects: [`a.com${challenge} https://b.com`] },
    variant: { hostname: "a.com", ...own, methods: ["GET"] },
  };
  for (const [what, data] of Object.entries(tries)) {
    const rows = flags(old, serving("young", data, 1));
    const theirs = Object.entries(rows).filter(([key]) => key.includes("a.com/"));
    assert.ok(theirs.length > 0, what);
    for (const [key, value] of theirs) assert.doesNotMatch(value, /,ownacme,/, `${what}: ${key}`);
  }
});

Deno.test("what authorities ask about a host whose TLS ends on another port goes to no younger container", () => {
  const ended = { hostname: "a.com", protocol: "tls", ssl_passthrough: false, listen_port: 8443 };
  const passed = { hostname: "a.com", ssl_passthrough: true };
  const { model, notices } = built(serving("old", ended), serving("young", passed, 1));
  assert.deepEqual(model.streams.routes.map(({ by }) => by), ["old"]);
  assert.ok(notices.some(({ subject, message }) => subject === "young" && message.includes('"old"')));
});
