/** Which values decide how a container is served, and where each came from. */
import assert from "node:assert/strict";
import { verdictsOf } from "../../../lib/core/model/verdict.ts";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { findDetails, type ValueInForce } from "../../../lib/core/status/values_in_force.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { HostName } from "../../../lib/core/values/names.ts";
import { container, network, published, SETTINGS, tcp } from "../containers.ts";

/** What is told of the containers, by name, the oldest first. */
function detailsOf(containers: readonly ContainerView[], defaultDomain?: string) {
  const settings = { ...SETTINGS, defaultDomain: defaultDomain as HostName | undefined };
  const aged = containers.map((each, createdAt) => ({ ...each, createdAt }));
  const built = buildModel({ containers: aged, stopping: new Set(), starting: new Set() }, settings);
  const details = findDetails(built, settings);
  return new Map(verdictsOf(built).map((verdict) => [verdict.container.name, details(verdict)]));
}

const words = (values: readonly ValueInForce[] = []) =>
  values.map(({ key, value, from }) => `${key}${value === undefined ? "" : ` ${value}`} < ${from}`);

Deno.test("host and port come from a label, a key, Docker, a rule or a setting", () => {
  const found = detailsOf([
    container("docker", { hostname: "a.test", exposed: tcp(80, 8_080) }),
    container("label", {
      labels: { "interlock.hostname": "b", "interlock.domain": "b.test", "interlock.port": "80" },
    }),
    container("data", {
      interlockData: '{"hosts":["c.test","d.test"]}',
      published: [published(80, "0.0.0.0", 8_080)],
    }),
    container("bare", { hostname: "e" }),
    container("both", {
      hostname: "f",
      domainname: "f.test",
      exposed: tcp(80, 81),
      published: [published(81, "0.0.0.0", 1)],
    }),
  ], "home.test");
  const told = Object.fromEntries([...found].map(([name, { values }]) => [name, words(values)]));
  assert.deepEqual(told, {
    docker: ["hostname a.test < Docker's hostname", "port 80 < the lowest exposed of its TCP ports 80, 8080"],
    label: [
      'hostname b.b.test < label "interlock.hostname", and label "interlock.domain"',
      'domain b.test < label "interlock.domain"',
      'port 80 < label "interlock.port"',
    ],
    data: [
      'hostname c.test < "hosts" of INTERLOCK_DATA',
      'hosts c.test, d.test < "hosts" of INTERLOCK_DATA',
      "port 80 < its only TCP port",
    ],
    bare: ["hostname e.home.test < Docker's hostname, and --default-domain", "port 80 < its only TCP port"],
    both: [
      "hostname f.f.test < Docker's hostname, and Docker's domain",
      "port 81 < the lowest published of its TCP ports 80, 81",
    ],
  });
});

Deno.test("what an older container decides is told as its word, and a server's own as its own", () => {
  const found = detailsOf([
    container("old", {
      hostname: "a.test",
      labels: {
        "interlock.balance_algorithm": "leastconn",
        "interlock.server_timeout": "5s",
        "interlock.weight": "3",
      },
    }),
    container("young", {
      hostname: "a.test",
      interlockData:
        '{"balance_algorithm":"source","weight":7,"request_headers":["Authorization: Bearer x"]}',
    }),
  ]);
  assert.deepEqual(words(found.get("young")?.values).slice(2).sort(), [
    'balance_algorithm leastconn < label "interlock.balance_algorithm" of the container "old"',
    'request_headers Authorization < "request_headers" of INTERLOCK_DATA',
    'server_timeout 5000 ms < label "interlock.server_timeout" of the container "old"',
    'weight 7 < "weight" of INTERLOCK_DATA',
  ]);
  assert.equal(words(found.get("old")?.values).includes('weight 3 < label "interlock.weight"'), true);
});

Deno.test("other ways to a container are told, the better ones first", () => {
  const found = detailsOf([container("web", {
    networks: [network("a", "10.1.0.2"), network("b", "10.2.0.2")],
    published: [published(80, "0.0.0.0", 32_768)],
  })]);
  assert.deepEqual(found.get("web")?.others, [
    "10.2.0.2:80 (its own address)",
    "127.0.0.1:32768 (a port of its engine's host)",
  ]);
});

Deno.test("no secret is told, and what serves nothing has no values", () => {
  const hash = `{SHA256}salt$${"0123456789abcdef".repeat(4)}`;
  const found = detailsOf([
    container("office", {
      hostname: "a.test",
      interlockData: JSON.stringify({
        basic_auth: [`ann:${hash}`],
        basic_auth_realm: "The office",
        match_cookies: ["beta=topsecret"],
        request_headers: ["X-Key: topsecret", "-Cookie"],
      }),
    }),
    container("none", { hostname: "none" }),
  ]);
  assert.doesNotMatch(JSON.stringify([...found]), /0123456789abcdef|topsecret/);
  assert.match(words(found.get("office")?.values).join("\n"), /^basic_auth 1 user < /m);
  assert.deepEqual(found.get("none"), { values: [], others: [] });
});

Deno.test("a check that does not count yet is told of nobody, and one that counts of all", () => {
  const plain = container("plain", { hostname: "a.test" });
  const checked = container("checked", {
    hostname: "a.test",
    labels: { "interlock.health_check": "httpchk GET /" },
  });
  const toldOf = (...all: ContainerView[]) =>
    [...detailsOf(all).values()].map(({ values }) =>
      words(values).filter((each) => each.startsWith("check"))
    );
  assert.deepEqual(toldOf(plain, checked), [[], []]);
  const [own = [], other = []] = toldOf(checked, plain);
  assert.equal(own.length, 1);
  assert.match(other[0] ?? "", /of the container "checked"/);
});
