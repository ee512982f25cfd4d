import assert from "node:assert/strict";
import { type AddressSettings, chooseEndpoint } from "../../../lib/core/model/choose_endpoint.ts";
import { choosePort } from "../../../lib/core/model/choose_port.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { container, ip, LOCAL, network, port, published, tcp } from "../containers.ts";

const REMOTE: AddressSettings = { ...LOCAL, isLocalEngine: false, engineAddress: ip("192.0.2.10") };

function endpoint(given: Partial<ContainerView>, settings: AddressSettings = LOCAL, name?: string): string {
  const one = container("web", given);
  const choice = chooseEndpoint(one, one, port(80), name, settings);
  return choice.ok ? `${choice.value.address} ${choice.value.port} ${choice.value.via}` : choice.why;
}

function portOf(given: Partial<ContainerView>, named?: number): number | string {
  const one = container("web", given);
  const choice = choosePort(one, one, named === undefined ? undefined : port(named));
  return choice.ok ? choice.value : choice.why;
}

Deno.test("the port that is named is used, if it is there over TCP", () => {
  assert.equal(portOf({ exposed: tcp(80, 8080) }, 8080), 8080);
  assert.match(
    String(portOf({ exposed: tcp(80, 443) }, 8080)),
    /it has no port 8080, its TCP ports are 80, 443/,
  );
  assert.match(String(portOf({ exposed: [{ port: port(53), protocol: "udp" }] }, 53)), /has no TCP port/);
});

Deno.test("a port that is named and not there is told with the lines that declare it", () => {
  for (const exposed of [[], tcp(80)]) {
    const why = String(portOf({ exposed }, 8080));
    for (const line of ["--expose 8080", 'expose: ["8080"]', "EXPOSE 8080"]) {
      assert.ok(why.includes(line), why);
    }
  }
});

Deno.test("without a name: the only one, else the lowest published, else the lowest exposed", () => {
  assert.equal(portOf({ exposed: tcp(8080) }), 8080);
  assert.equal(portOf({ exposed: tcp(80, 8080, 9090), published: [published(8080, "0.0.0.0", 1)] }), 8080);
  assert.equal(portOf({ exposed: tcp(80, 8080) }), 80);
  assert.match(String(portOf({ exposed: [] })), /declares none/);
});

Deno.test("a choice among several ports is remarked upon, a choice of one is not", () => {
  const two = container("web", { exposed: tcp(80, 81) });
  const several = choosePort(two, two, undefined);
  const one = container("web");
  const single = choosePort(one, one, undefined);
  assert.match(several.ok ? several.remark ?? "" : "", /port 80 is used, the lowest exposed/);
  assert.equal(single.ok ? single.remark : "", undefined);
});

const BOTH = { published: [published(80, "0.0.0.0", 32768)] };

Deno.test("an engine on this machine is reached at the container, another at its published port", () => {
  assert.equal(endpoint(BOTH), "172.17.0.2 80 container");
  assert.equal(endpoint(BOTH, REMOTE), "192.0.2.10 32768 published");
});

Deno.test("where the first way does not exist, auto takes the other", () => {
  assert.equal(endpoint({ ...BOTH, networks: [] }), "127.0.0.1 32768 published");
  assert.equal(endpoint({}, REMOTE), "172.17.0.2 80 container");
});

Deno.test("an engine without root is reached at its published ports alone: its addresses may be another engine's", () => {
  const rootless = (given: Partial<ContainerView>, kind: "docker" | "podman" = "docker") =>
    endpoint({ ...given, engine: { address: ip("127.0.0.1"), isLocal: true, rootless: kind } });
  assert.equal(rootless(BOTH), "127.0.0.1 32768 published");
  assert.equal(
    rootless({ published: [published(80, "127.0.0.1", 32769)] }),
    "127.0.0.1 32769 published",
    "on this machine",
  );
  assert.match(rootless({}), /is not published on the engine's host, and its engine runs without root/);
  // Docker's host network is the engine's own, without root; Podman's is the machine's.
  assert.match(rootless({ networkMode: "host" }), /"host" network of its engine is none/);
  assert.equal(rootless({ networkMode: "host" }, "podman"), "127.0.0.1 80 container");
});

Deno.test("an address on another machine is told to be there, unless it was asked for", () => {
  const elsewhere = (given: Partial<ContainerView>, settings: AddressSettings) => {
    const one = container("web", given);
    const choice = chooseEndpoint(one, one, port(80), undefined, settings);
    return choice.ok && choice.value.elsewhere;
  };
  assert.equal(elsewhere({}, REMOTE), "192.0.2.10");
  assert.equal(elsewhere(BOTH, REMOTE), undefined);
  assert.equal(elsewhere({}, { ...REMOTE, mode: "container" }), undefined);
  assert.equal(elsewhere({}, LOCAL), undefined);
  assert.equal(elsewhere({ ...BOTH, networks: [] }, LOCAL), undefined);
});

Deno.test("a way that is asked for is the only one", () => {
  assert.equal(endpoint(BOTH, { ...LOCAL, mode: "published" }), "127.0.0.1 32768 published");
  assert.match(endpoint({}, { ...LOCAL, mode: "published" }), /is not published/);
  assert.equal(endpoint(BOTH, { ...REMOTE, mode: "container" }), "172.17.0.2 80 container");
  assert.match(
    endpoint({ ...BOTH, networks: [] }, { ...REMOTE, mode: "container" }),
    /no address of its own/,
  );
});

Deno.test("a port on the loopback of another machine is out of reach, unless an address is forced", () => {
  const bound = { published: [published(80, "127.0.0.1", 8080)] };
  assert.match(
    endpoint(bound, { ...REMOTE, mode: "published" }),
    /on 127\.0\.0\.1 of the engine's host only/,
  );
  assert.equal(endpoint(bound, { ...LOCAL, mode: "published" }), "127.0.0.1 8080 published");
  assert.equal(endpoint(bound, { ...REMOTE, isEngineAddressForced: true }), "192.0.2.10 8080 published");
});

Deno.test("a port on one address of a machine is reached at that address", () => {
  const bound = { published: [published(80, "198.51.100.7", 8080)] };
  assert.equal(endpoint(bound, REMOTE), "198.51.100.7 8080 published");
  assert.equal(endpoint(bound, { ...REMOTE, isEngineAddressForced: true }), "192.0.2.10 8080 published");
});

Deno.test("of several networks the named one is used, else the first by name", () => {
  const networks = [network("admin", "10.1.0.2"), network("empty"), network("web", "10.2.0.2")];
  assert.equal(endpoint({ networks }), "10.1.0.2 80 container");
  assert.equal(endpoint({ networks }, { ...LOCAL, network: "web" }), "10.2.0.2 80 container");
  assert.equal(endpoint({ networks }, { ...LOCAL, network: "web" }, "admin"), "10.1.0.2 80 container");
  assert.match(
    endpoint({ networks }, LOCAL, "other"),
    /no address on network "other", its networks are admin, web/,
  );
});

Deno.test("IPv6 is used where there is no IPv4", () => {
  assert.equal(
    endpoint({ networks: [network("six", undefined, "2001:db8::2")] }),
    "2001:db8::2 80 container",
  );
  assert.equal(endpoint({ networks: [network("both", "10.0.0.2", "2001:db8::2")] }), "10.0.0.2 80 container");
});

Deno.test("a container on the host's network is reached at its engine", () => {
  assert.equal(endpoint({ networkMode: "host", networks: [] }), "127.0.0.1 80 container");
  assert.equal(endpoint({ networkMode: "host", networks: [] }, REMOTE), "192.0.2.10 80 container");
});

Deno.test("where there are several engines, each container's own one decides", () => {
  const engine = { address: ip("192.0.2.20"), isLocal: false };
  assert.equal(endpoint({ ...BOTH, engine }), "192.0.2.20 32768 published");
  assert.equal(
    endpoint({ ...BOTH, engine: { ...engine, isLocal: true } }, REMOTE),
    "172.17.0.2 80 container",
  );
});

Deno.test("a container in another's network is reached there, or not at all once that one is gone", () => {
  const app = container("app", { networkMode: "container:proxy", networks: [] });
  const there = chooseEndpoint(app, container("proxy"), port(9090), undefined, LOCAL);
  assert.deepEqual(there.ok && [there.value.address, there.value.port], ["172.17.0.2", 9090]);
});

Deno.test("what the owner of a shared network declares counts after what the container's own image does", () => {
  const vpn = container("vpn", { exposed: tcp(8080, 9090), published: [published(9090, "0.0.0.0", 9090)] });
  const of = (exposed: ContainerView["exposed"], named?: number) => {
    const app = container("app", { networkMode: "container:vpn", networks: [], exposed });
    const choice = choosePort(app, vpn, named === undefined ? undefined : port(named));
    return choice.ok ? choice.value : choice.why;
  };
  assert.equal(of([], 8080), 8080);
  assert.equal(of([]), 9090, "the lowest that is published");
  assert.equal(of(tcp(9000)), 9000);
  assert.equal(of(tcp(9000), 9090), 9090);
  const why = String(of(tcp(9000), 1));
  assert.match(why, /^it has no port 1, its TCP ports are 9000, 8080, 9090: /);
});

Deno.test("the advice for a container in another's network is what Docker allows there", () => {
  const app = container("app", { networkMode: "container:vpn", networks: [], exposed: [] });
  const choice = choosePort(app, container("vpn", { exposed: [] }), port(80));
  assert.match(choice.ok ? "" : choice.why, /EXPOSE 80 in its image, or --expose 80 on "vpn"/);
});

Deno.test("a range is each port of it, and a message names twenty of many ports", () => {
  const range = { port: port(33060), last: port(33062), protocol: "tcp" };
  assert.equal(portOf({ exposed: [range] }, 33061), 33061);
  assert.match(String(portOf({ exposed: [range] }, 33063)), /its TCP port is 33060-33062: /);
  const one = container("db", { exposed: [range] });
  const unnamed = choosePort(one, one, undefined);
  assert.deepEqual(unnamed.ok && [unnamed.value, /33060-33062/.test(unnamed.remark ?? "")], [33060, true]);
  const many = tcp(...Array.from({ length: 300 }, (_, at) => 1_000 + 2 * at));
  assert.match(String(portOf({ exposed: many }, 80)), /, 1038 and 280 more: /);
});
