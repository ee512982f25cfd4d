/** Which hosts want which certificate. */
import assert from "node:assert/strict";
import { wantedOf, whyNotCertified } from "../../../lib/core/acme/wanted.ts";
import { certificateNotices } from "../../../lib/core/status/acme_status.ts";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { HostName, Port } from "../../../lib/core/values/names.ts";
import { container, SETTINGS } from "../containers.ts";

const PUBLIC = { mode: "all", isPrivate: false, hasDns: false } as const;
const TLS = { port: 443 as Port, options: "", profile: "intermediate" } as const;
const WITH_TLS = { ...SETTINGS, frontend: { ...SETTINGS.frontend, tls: TLS } };
const modelOf = (...containers: ContainerView[]) =>
  buildModel({ containers, stopping: new Set(), starting: new Set() }, WITH_TLS).model;
const serving = (name: string, data: Readonly<Record<string, unknown>>, createdAt = 0) =>
  container(name, { interlockData: JSON.stringify(data), createdAt });
const wanted = (containers: ContainerView[], settings: Parameters<typeof wantedOf>[2] = PUBLIC) =>
  wantedOf(modelOf(...containers), () => true, settings).map(({ name, hosts }) => [name, ...hosts]);

Deno.test("a public authority is asked for public names alone, a private one for any name", () => {
  const no = [
    "db",
    "web.local",
    "10.0.0.1",
    "a.internal",
    "x.test",
    "host.lan",
    "*.example.com",
    "~a.+",
    "*",
    "a_b.example.com",
  ];
  for (const host of no) assert.ok(whyNotCertified(host as HostName, PUBLIC), host);
  for (const host of ["example.com", "xn--bcher-kva.example", "a.b.co.uk"]) {
    assert.equal(whyNotCertified(host as HostName, PUBLIC), undefined, host);
  }
  const others = { ...PUBLIC, isPrivate: true, hasDns: true };
  for (const host of ["db", "web.local", "*.example.com"]) {
    assert.equal(whyNotCertified(host as HostName, others), undefined, host);
  }
  for (const host of ["10.0.0.1", "*", "~a.+"]) assert.ok(whyNotCertified(host as HostName, others), host);
});

Deno.test("the hosts of one backend share a certificate, named for its own host; paths of a host want none of their own", () => {
  const containers = [
    serving("a", { hostname: "www.a.com", alias_domains: ["a.com", "intern.local", "10.0.0.9"] }),
    serving("b", { hostname: "www.a.com", context_root: "/api", alias_domains: ["api.a.com"] }, 1),
  ];
  assert.deepEqual(wanted(containers), [["www.a.com", "www.a.com", "a.com"], ["api.a.com", "api.a.com"]]);
});

Deno.test("acme=false leaves a route out, and with opt-in acme=true takes one in", () => {
  const containers = [
    serving("a", { hostname: "a.com", acme: false }),
    serving("b", { hostname: "b.com", acme: true }),
    serving("c", { hostname: "c.com" }),
  ];
  const names = (mode: "all" | "opt-in" | "off") =>
    wanted(containers, { ...PUBLIC, mode }).map(([name]) => name);
  assert.deepEqual(names("all"), ["b.com", "c.com"]);
  assert.deepEqual(names("opt-in"), ["b.com"]);
  assert.deepEqual(names("off"), []);
});

Deno.test("acme=false of a host's root holds for its other paths, and a path of it says nothing for the root", () => {
  const root = serving("a", { hostname: "a.com", acme: false });
  assert.deepEqual(wanted([root, serving("b", { hostname: "a.com", context_root: "/b" }, 1)]), []);
  assert.deepEqual(
    wanted([root, serving("b", { hostname: "a.com", context_root: "/b", acme: true }, 1)]),
    [],
  );
  const path = serving("b", { hostname: "c.com", context_root: "/b", acme: false }, 1);
  assert.deepEqual(wanted([serving("c", { hostname: "c.com" }), path]), [["c.com", "c.com"]]);
  assert.deepEqual(wanted([path]), []);
});

Deno.test("the oldest container of a host decides whether it has a certificate, whatever path it serves", () => {
  const old = serving("old", { hostname: "a.com", context_root: "/deep/path" });
  const none = { hostname: "a.com", acme: false };
  assert.deepEqual(wanted([old, serving("young", none, 1)]), [["a.com", "a.com"]]);
  const variant = serving("young", { ...none, context_root: "/deep/path", methods: ["POST"] }, 1);
  assert.deepEqual(wanted([old, variant]), [["a.com", "a.com"]]);
  const first = serving("old", { ...none, context_root: "/deep/path" });
  assert.deepEqual(wanted([first, serving("young", { hostname: "a.com", acme: true }, 1)]), []);
  const optIn = { ...PUBLIC, mode: "opt-in" } as const;
  const asking = serving("young", { hostname: "a.com", context_root: "/x", acme: true }, 1);
  assert.deepEqual(wanted([old, asking], optIn), [["a.com", "a.com"]]);
});

Deno.test("only the oldest container of a host's root answers authorities by itself", () => {
  const answering = (...containers: ContainerView[]) =>
    modelOf(...containers).backends.filter(({ options }) => options.acme?.isAnswered).map(({ name }) => name);
  const own = { hostname: "a.com", acme: false };
  assert.deepEqual(answering(serving("a", own)), ["a.com"]);
  const below = { ...own, context_root: "/.well-known/acme-challenge" };
  assert.deepEqual(answering(serving("a", { hostname: "a.com" }), serving("b", below, 1)), []);
  assert.deepEqual(answering(serving("a", { hostname: "a.com" }), serving("b", own, 1)), []);
});

Deno.test("only hosts with a container that is ready want one", () => {
  const model = modelOf(serving("a", { hostname: "a.com" }), serving("b", { hostname: "b.com" }));
  const wants = wantedOf(model, ({ host }) => host === "b.com", PUBLIC);
  assert.deepEqual(wants.map(({ hosts }) => hosts), [["b.com"]]);
});

Deno.test("more hosts than fit into one certificate want several", () => {
  const alias_domains = Array.from({ length: 99 }, (_, at) => `h${at}.a.com`);
  const two = [
    serving("a", { hostname: "z.a.com", alias_domains }),
    serving("b", { hostname: "y.a.com", alias_domains: ["x.a.com"] }, 1),
  ];
  assert.deepEqual(wanted(two).map(([, ...hosts]) => hosts.length), [100, 2]);
  const more = serving("c", { hostname: "z.b.com", alias_domains: alias_domains.map((name) => `b${name}`) });
  const model = modelOf(more);
  const [backend] = model.backends;
  assert.ok(backend);
  const extra = { ...model.routes[0]!, host: "one.more.com" as HostName };
  const wants = wantedOf({ ...model, routes: [...model.routes, extra] }, () => true, PUBLIC);
  assert.deepEqual(wants.map(({ name, hosts }) => [name, hosts.length]), [["z.b.com", 100], [
    wants[1]?.hosts[0],
    1,
  ]]);
});

Deno.test("explain tells a container which of its hosts lack a certificate, and why", () => {
  const model = modelOf(serving("a", { hostname: "a.com", alias_domains: ["b.com"] }));
  const waiting = [{ hosts: ["b.com"], why: "it leads elsewhere", until: "2027-01-01T00:00:00.000Z" }];
  const acme = { authorities: [], certificates: [], asking: [], waiting };
  assert.deepEqual(certificateNotices(model, acme).map(({ subject, message }) => [subject, message]), [
    ["a", "no certificate for b.com before 2027-01-01T00:00:00.000Z: it leads elsewhere"],
  ]);
  assert.deepEqual(certificateNotices(model, undefined), []);
});

Deno.test("hosts of TCP whose TLS HAProxy ends get certificates, and those whose TLS goes through none", () => {
  const frontend = {
    ...SETTINGS.frontend,
    tls: { port: 443 as Port, options: "", profile: "modern" as const },
  };
  const stream = (hostname: string, more: Readonly<Record<string, unknown>>) =>
    serving(hostname.replaceAll(".", "-"), { hostname, protocol: "tls", ...more });
  const containers = [
    stream("ends.com", { ssl_passthrough: false, alias_domains: ["too.com"] }),
    stream("passes.com", {}),
    stream("leaves.com", { ssl_passthrough: false, acme: "false" }),
    serving("web", { hostname: "web.com" }),
  ];
  const snapshot = { containers, stopping: new Set<never>(), starting: new Set<never>() };
  const { model } = buildModel(snapshot, { ...SETTINGS, frontend });
  const wants = wantedOf(model, () => true, PUBLIC);
  assert.deepEqual(wants.map(({ hosts }) => hosts), [["web.com"], ["ends.com", "too.com"]]);
});
