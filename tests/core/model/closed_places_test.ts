/** Places that are closed, since their route is left out: while others come, in streams, and beyond limits. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { type ContainerView, emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import type { ContainerId } from "../../../lib/core/values/names.ts";
import { container, SETTINGS } from "../containers.ts";

const WITH_TLS = {
  ...SETTINGS,
  frontend: { ...SETTINGS.frontend, tls: { port: 443, options: "", profile: "intermediate" } },
} as unknown as typeof SETTINGS;
const HOST = { hostname: "x.test" };
const ADMIN = { ...HOST, context_root: "/admin" };
const OFFICE = { allow_from: ["192.0.2.0/24"] };
const MISTAKE = { allow_from: ["192.0.2.0/24x"] };

/** Containers by their names, the oldest first, with what each says. */
function build(said: Readonly<Record<string, unknown>>, starting: readonly string[] = []) {
  const containers: readonly ContainerView[] = Object.entries(said).map(([name, data], at) =>
    container(name, { createdAt: at, hostname: "", interlockData: JSON.stringify(data) })
  );
  const ids = containers.filter(({ name }) => starting.includes(name)).map(({ id }) => id as ContainerId);
  return buildModel({ ...emptySnapshot, containers, starting: new Set(ids) }, WITH_TLS);
}

const closedOf = ({ model }: ReturnType<typeof build>): readonly string[] =>
  model.routes.filter(({ guard }) => guard !== undefined).map(({ key }) => `${key}`);

/** Whether nobody reaches a host through its own row: closed, or by networks alone. */
function isOpen({ model }: ReturnType<typeof build>, key: string): boolean {
  const route = model.routes.find((each) => `${each.key}` === key);
  const options = model.backends.find(({ name }) => name === route?.backend)?.options;
  return route !== undefined && route.guard === undefined && options?.allow_from === undefined;
}

Deno.test("a place stays closed while another container of it is started, and until that one runs", () => {
  const said = { m: [HOST, { ...ADMIN, ...MISTAKE }], n: ADMIN };
  assert.deepEqual(closedOf(build(said, ["n"])), ["x.test/admin/"]);
  assert.deepEqual(closedOf(build(said)), []);
  const canary = { hostname: "x.test", match_headers: ["X-C: yes"] };
  for (const starting of [["n"], []]) {
    const { model } = build({ w: { ...HOST, ...OFFICE, port: 9 }, v: canary, n: HOST }, starting);
    const variant = model.backends.find(({ servers }) => servers.some((each) => each.containerName === "v"));
    assert.equal(variant?.options.allow_from?.length, 1, `${starting}`);
  }
});

Deno.test("a protected route that is told by SNI and is lost leaves its container no other route", () => {
  const tls = { ssl_passthrough: true };
  for (const guard of [MISTAKE, { ...OFFICE, port: 9 }]) {
    for (
      const routes of [
        [{ hostname: "*.test", ...tls }, { ...HOST, ...tls, ...guard }],
        [{ hostname: "*.test" }, { ...HOST, ...tls, ...guard }],
        [{ hostname: "*.test", ...tls }, { ...HOST, ...guard }],
      ]
    ) {
      const { model } = build({ m: routes });
      assert.deepEqual(model.streams.routes, [], JSON.stringify(routes));
    }
  }
  const { model } = build({
    c: { hostname: "*.test", ...tls },
    m: [{ hostname: "a.lan" }, { ...HOST, ...tls, ...MISTAKE }],
  });
  assert.deepEqual(model.streams.routes.map(({ host }) => host), ["*.test"], "another container's stays");
});

Deno.test("a protected pattern for which others leave no room closes the default host of its container", () => {
  const others = Object.fromEntries(Array.from({ length: 32 }, (_, at) => [
    `o${at}`,
    { hostname: `o${at}.lan`, host_regex: Array.from({ length: 8 }, (_, each) => `s${at}p${each}[.]lan`) },
  ]));
  const own = [{ hostname: "y.lan", default_host: true }, {
    hostname: "z.lan",
    host_regex: ["x[.]test"],
    ...OFFICE,
  }];
  assert.deepEqual(closedOf(build({ own })), []);
  assert.deepEqual(closedOf(build({ ...others, own })), ["*/"]);
});

Deno.test("where others' patterns leave no time to try a host, its place is closed", () => {
  const others = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [
    `o${at}`,
    { hostname: `o${at}.lan`, host_regex: Array.from({ length: 8 }, (_, each) => `s${at}p${each}[.](lan)`) },
  ]));
  const [first = "", ...aliases] = Array.from(
    { length: 12 },
    (_, at) => `x${at}-a-rather-long-name.customers.example.com`,
  );
  const own = [{ hostname: "p.lan", host_regex: ["x.*[.]example[.]com"] }, {
    hostname: first,
    alias_domains: aliases,
    ...MISTAKE,
  }];
  const closed = [first, ...aliases].map((host) => `${host}/`).sort();
  assert.deepEqual([...closedOf(build({ own }))].sort(), closed);
  assert.deepEqual([...closedOf(build({ ...others, own }))].sort(), closed);
});

Deno.test("a mistake costs no older container of the same route anything", () => {
  const built = build({ s: HOST, m: [HOST, { ...HOST, ...MISTAKE }] });
  assert.ok(isOpen(built, "x.test/"));
  const [backend] = built.model.backends;
  assert.deepEqual(backend?.servers.map(({ containerName }) => containerName), ["s"]);
});
