import assert from "node:assert/strict";
import { decodeContainer } from "../../../lib/docker/api/decode.ts";
import {
  decodeSnapshot,
  encodeSnapshot,
  reduceContainer,
  withoutSecrets,
} from "../../../lib/docker/file/snapshot_file.ts";

const CONTAINER = {
  Id: "a".repeat(64),
  Name: "/web",
  Created: "2024-05-01T10:00:00.123456789Z",
  State: {
    Status: "running",
    StartedAt: "x",
    Pid: 5,
    Health: { Status: "healthy", Log: [{ Output: "s3cret" }] },
  },
  Config: {
    Hostname: "www.example.com",
    Env: ["PASSWORD=s3cret", 'INTERLOCK_DATA={"check": "httpchk GET /?a=b"}', "INTERLOCK_DATABASE=s3cret"],
    Labels: { "interlock.port": "80" },
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    StopSignal: "SIGQUIT",
    Cmd: ["--password", "s3cret"],
  },
  HostConfig: { NetworkMode: "web", Binds: ["/s3cret:/x"] },
  NetworkSettings: {
    Ports: {
      "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "32768" }, { HostIp: "::", HostPort: "32768" }],
      "53/udp": null,
    },
    Networks: { web: { IPAddress: "172.18.0.2", GlobalIPv6Address: "2001:db8::2", MacAddress: "x" } },
  },
};

const read = (json: unknown) => {
  const result = decodeContainer(json);
  assert.ok(result.ok, result.ok ? "" : result.expected);
  return result.value;
};

Deno.test("a container's JSON is read into what routing needs", () => {
  const view = read(CONTAINER);
  assert.equal(view.name, "web");
  assert.equal(view.interlockData, '{"check": "httpchk GET /?a=b"}');
  assert.deepEqual(view.exposed, [{ port: 53, protocol: "udp" }, { port: 80, protocol: "tcp" }]);
  assert.deepEqual(view.published.map((each) => `${each.hostAddress} ${each.hostPort}`), [
    "0.0.0.0 32768",
    ":: 32768",
  ]);
  assert.deepEqual(view.networks, [{ name: "web", ipv4: "172.18.0.2", ipv6: "2001:db8::2" }]);
  assert.deepEqual([view.health, view.stopSignal, view.status], ["healthy", "SIGQUIT", "running"]);
});

Deno.test("what a container is configured with counts only while it does not run", () => {
  const configured = {
    ...CONTAINER,
    Config: { ...CONTAINER.Config, Healthcheck: { Test: ["CMD", "true"] } },
    HostConfig: { NetworkMode: "host", PortBindings: { "9000/tcp": [{ HostPort: "1" }] } },
  };
  const of = (Status: string) => {
    const container = decodeContainer({ ...configured, State: { Status, StartedAt: "x" } });
    assert.ok(container.ok);
    return [container.value.health, container.value.exposed.map(({ port }) => port)];
  };
  assert.deepEqual(of("running"), ["none", [53, 80]]);
  assert.deepEqual(of("created"), ["starting", [53, 80, 9000]]);
  assert.deepEqual(of("exited"), ["starting", [53, 80, 9000]]);
});

Deno.test("a saved snapshot tells the same as Docker did, and keeps no secret", () => {
  const text = encodeSnapshot([reduceContainer(CONTAINER, undefined)]);
  assert.doesNotMatch(text, /s3cret/);
  const snapshot = decodeSnapshot(text);
  assert.deepEqual(snapshot.ok && snapshot.value.containers, [read(CONTAINER)]);
});

Deno.test("the variables of another tool are read, and no file is kept with them", () => {
  const Config = { ...CONTAINER.Config, Labels: {}, Env: ["VIRTUAL_HOST=web.test", "VIRTUAL_HOSTS=s3cret"] };
  const reduced = reduceContainer({ ...CONTAINER, Config }, undefined);
  assert.equal(read(reduced).otherTool?.host, "web.test");
  assert.doesNotMatch(JSON.stringify(reduced), /s3cret/);
  assert.doesNotMatch(JSON.stringify(withoutSecrets(reduced)), /VIRTUAL_HOST/);
});

Deno.test("a saved snapshot names users and keeps none of their hashes, however they were said", () => {
  const HASH = "{SHA256}s4lt$" + "0d9f".repeat(16);
  const BCRYPT = "$2y$10$" + "abcdefghijklmnopqrstuv1234567".padEnd(53, "x");
  const snapshotOf = (labels: Record<string, string>, data: string) =>
    encodeSnapshot([withoutSecrets(reduceContainer({
      ...CONTAINER,
      Config: { ...CONTAINER.Config, Labels: labels, Env: [`INTERLOCK_DATA=${data}`] },
    }, undefined))]);
  const text = snapshotOf({
    "interlock.port": "80",
    "interlock.basic_auth.1": `ann:${HASH}`,
    "interlock.Basic_Auth.2": "bob:s3cret",
    "interlock.api.basicauth": "s3cret",
    "other.users": `cid:${BCRYPT}, eve:$apr1$zgbzgmLL$8HeoLDHPVBwIV9CHyV.5u.`,
  }, JSON.stringify([{ port: 80, basic_auth: [`dan:${HASH}`, "s3cret"], users: "fay:s3cret" }]));
  assert.doesNotMatch(text, /s3cret|s4lt|0d9f|abcdef|zgbz/);
  const labels = JSON.parse(text).containers[0].Config.Labels;
  assert.deepEqual(labels, {
    "interlock.port": "80",
    "interlock.basic_auth.1": "ann:…",
    // A password is refused, and so is what stands in its place.
    "interlock.Basic_Auth.2": "bob: …",
    "interlock.api.basicauth": "…",
    "other.users": "cid:…, eve:…",
  });
  assert.deepEqual(JSON.parse(text).containers[0].Config.Env, [
    'INTERLOCK_DATA=[{"port":80,"basic_auth":["dan:…","…"],"users":"fay: …"}]',
  ]);
  // What holds no secret stays as it was written.
  const plain = '{ "hostname": "a",\n "check": "httpchk GET /$1$2" }';
  assert.deepEqual(JSON.parse(snapshotOf({}, plain)).containers[0].Config.Env, [`INTERLOCK_DATA=${plain}`]);
  assert.doesNotMatch(snapshotOf({}, `{"basic_auth": "ann:${HASH}"`), /0d9f/);
});

Deno.test("a saved snapshot remembers the engine, where there are several", () => {
  const engine = { Address: "192.0.2.10", IsLocal: false };
  const snapshot = decodeSnapshot(encodeSnapshot([reduceContainer(CONTAINER, engine)]));
  assert.deepEqual(snapshot.ok && snapshot.value.containers[0]?.engine, {
    address: "192.0.2.10",
    isLocal: false,
  });
});

Deno.test("a saved snapshot is the same bytes in whatever order the containers came", () => {
  const two = [CONTAINER, { ...CONTAINER, Id: "b".repeat(64) }];
  assert.equal(encodeSnapshot(two), encodeSnapshot(two.toReversed()));
});

Deno.test("an object of ours with more in it than we know is read", () => {
  const snapshot = decodeSnapshot(
    JSON.stringify({ version: 1, containers: [CONTAINER], volumes: [{}], nodes: null }),
  );
  assert.equal(snapshot.ok && snapshot.value.containers.length, 1);
});

Deno.test("a container with nothing but its id and name can be read, as far as it goes", () => {
  const view = read({ Id: "abc", Name: "web", State: {}, Config: {} });
  assert.deepEqual([view.status, view.exposed, view.networks, view.createdAt], ["exited", [], [], 0]);
});

Deno.test("ports and addresses that cannot be are passed over", () => {
  const view = read({
    ...CONTAINER,
    Config: { ExposedPorts: { "0/tcp": {}, "x/tcp": {}, "70000/tcp": {}, "81": {}, "82/t\ncp": {} } },
    NetworkSettings: {
      Ports: { "80/tcp": [{ HostIp: "not an address", HostPort: "1" }, { HostIp: "", HostPort: "" }] },
      Networks: { none: { IPAddress: "", GlobalIPv6Address: null }, odd: { IPAddress: "invalid IP" } },
    },
  });
  assert.deepEqual(view.exposed.map((each) => `${each.port}/${each.protocol}`), ["80/tcp", "81/tcp"]);
  assert.deepEqual(view.published, []);
  assert.deepEqual(view.networks.map((each) => each.ipv4 ?? each.ipv6), [undefined, undefined]);
});

Deno.test("of a variable that stands twice the last counts, as for the process, also where it cannot be read", () => {
  const env = (...Env: unknown[]) =>
    read({ ...CONTAINER, Config: { ...CONTAINER.Config, Env } }).interlockData;
  assert.equal(env('INTERLOCK_DATA={"port":1}', "A=b", 'INTERLOCK_DATA={"port":2}'), '{"port":2}');
  assert.equal(env('INTERLOCK_DATA={"port":1}', "INTERLOCK_DATA={"), "{");
  assert.equal(env('INTERLOCK_DATA={"port":1}', "INTERLOCK_DATA", "interlock_data=x", 5, null), '{"port":1}');
});

Deno.test("a range of ports is one entry, without those that are named beside it", () => {
  const ports = (...names: string[]) =>
    read({
      ...CONTAINER,
      Config: { ExposedPorts: Object.fromEntries(names.map((name) => [name, {}])) },
      NetworkSettings: { Ports: { "0/tcp": null } },
    }).exposed.map(({ port, last, protocol }) => `${port}-${last ?? port}/${protocol}`);
  assert.deepEqual(ports("33060-33062/tcp", "33061/tcp", "33061/udp", "80"), [
    "80-80/tcp",
    "33060-33062/tcp",
    "33061-33061/udp",
  ]);
  assert.deepEqual(ports("1-65535/tcp"), ["1-65535/tcp"]);
  assert.deepEqual(ports("5-4/tcp", "5-/tcp", "-5/tcp", "1-2-3/tcp", "1-65536/tcp", "7-7/tcp"), ["7-7/tcp"]);
});

Deno.test("addresses that are no container's are left out, and it is told", () => {
  const networks = {
    a: { IPAddress: "0.0.0.0", GlobalIPv6Address: "::" },
    b: { IPAddress: "169.254.169.254", GlobalIPv6Address: "::ffff:169.254.169.254" },
    c: { IPAddress: "224.0.0.1", GlobalIPv6Address: "fe80::1" },
    d: { IPAddress: "255.255.255.255", GlobalIPv6Address: "ff02::1" },
    e: { IPAddress: "10.0.0.2", GlobalIPv6Address: "2001:db8::2" },
  };
  const ports = {
    "80/tcp": [{ HostIp: "169.254.169.254", HostPort: "80" }, { HostIp: "0.0.0.0", HostPort: "81" }],
  };
  const view = read({ ...CONTAINER, NetworkSettings: { Ports: ports, Networks: networks } });
  assert.deepEqual(view.networks.filter(({ ipv4, ipv6 }) => ipv4 ?? ipv6).map(({ name }) => name), ["e"]);
  assert.deepEqual(view.published.map(({ hostPort }) => hostPort), [81]);
  assert.equal(view.oddities.length, 9);
  assert.match(
    view.oddities.map(({ message }) => message).join("\n"),
    /"b" its address is 169\.254\.169\.254, which/,
  );
});

/** What Podman's and other engines' JSON has in it that Docker's has not. */
const ODD: [string, (json: typeof CONTAINER) => unknown, severity: "info" | "warning" | undefined][] = [
  ["a signal as a number", (json) => ({ ...json, Config: { ...json.Config, StopSignal: 15 } }), undefined],
  ["a null network", (json) => ({ ...json, NetworkSettings: { Networks: { x: null } } }), undefined],
  ["no HostConfig", (json) => ({ ...json, HostConfig: null }), undefined],
  ["no network at all", (json) => ({ ...json, NetworkSettings: { Ports: [], Networks: null } }), undefined],
  [
    "a health of nothing",
    (json) => ({ ...json, State: { ...json.State, Health: { Status: "" } } }),
    undefined,
  ],
  ["flags of nothing", (json) => ({ ...json, State: { ...json.State, Running: null } }), undefined],
  [
    "labels that are no texts",
    (json) => ({ ...json, Config: { Labels: { a: true, b: 1, c: null } } }),
    undefined,
  ],
  [
    "a time to stop in words",
    (json) => ({ ...json, Config: { ...json.Config, StopTimeout: "10s" } }),
    "info",
  ],
  ["a signal in a list", (json) => ({ ...json, Config: { ...json.Config, StopSignal: [] } }), "info"],
  ["a check in a text", (json) => ({ ...json, Config: { ...json.Config, Healthcheck: "x" } }), "info"],
  ["no name but a number", (json) => ({ ...json, Name: 5 }), "info"],
  ["a start in seconds", (json) => ({ ...json, State: { ...json.State, StartedAt: 5 } }), "info"],
  ["an age in seconds", (json) => ({ ...json, Created: 5 }), "warning"],
  [
    "a network in a text",
    (json) => ({ ...json, NetworkSettings: { Networks: { x: "10.0.0.1" } } }),
    "warning",
  ],
  [
    "ports in a list",
    (json) => ({ ...json, NetworkSettings: { Ports: [{ hostPort: 1 }, { hostPort: 2 }] } }),
    "warning",
  ],
];

for (const [what, change, severity] of ODD) {
  Deno.test(`${what} costs no container its place in a snapshot`, () => {
    const snapshot = decodeSnapshot(JSON.stringify([change(CONTAINER), { ...CONTAINER, Id: "b" }]));
    assert.ok(snapshot.ok);
    const [view, other] = snapshot.value.containers;
    assert.equal(view?.flaw, undefined);
    assert.equal(view?.oddities[0]?.severity, severity);
    assert.deepEqual(other?.oddities, []);
  });
}

const FLAWED: [string, (json: typeof CONTAINER) => unknown, RegExp][] = [
  ["a state in a text", (json) => ({ ...json, State: "running" }), /State/],
  [
    "a hostname in a number",
    (json) => ({ ...json, Config: { ...json.Config, Hostname: 5 } }),
    /Config\.Hostname/,
  ],
  ["an environment in an object", (json) => ({ ...json, Config: { Env: { A: "b" } } }), /Config\.Env/],
  [
    "a label in a list",
    (json) => ({ ...json, Config: { Labels: { "interlock.ssl_only": [] } } }),
    /ssl_only/,
  ],
  ["a mode in a list", (json) => ({ ...json, HostConfig: { NetworkMode: [] } }), /NetworkMode/],
  [
    "a health in a text",
    (json) => ({ ...json, State: { ...json.State, Health: "healthy" } }),
    /State\.Health/,
  ],
];

for (const [what, change, flaw] of FLAWED) {
  Deno.test(`${what} costs that container alone`, () => {
    const snapshot = decodeSnapshot(JSON.stringify([change(CONTAINER), { ...CONTAINER, Id: "b" }]));
    assert.ok(snapshot.ok);
    assert.match(snapshot.value.containers[0]?.flaw ?? "", flaw);
    assert.deepEqual(snapshot.value.containers.map(({ name, status }) => [name, status]), [
      ["web", "running"],
      ["web", "running"],
    ]);
    assert.equal(snapshot.value.containers[1]?.flaw, undefined);
  });
}

Deno.test("a field that is nested deeper than any program reads costs that container alone, or a notice", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const withDeep = (json: unknown) => JSON.stringify(json).replaceAll('"deep"', deep);
  const { Config, State, NetworkSettings } = CONTAINER;
  const needed = [
    { ...CONTAINER, Config: { ...Config, Hostname: "deep" } },
    { ...CONTAINER, Config: { ...Config, Labels: { "interlock.hostname": "deep" } } },
  ];
  const dispensable = [
    { ...CONTAINER, Created: "deep", State: { ...State, StartedAt: "deep" } },
    { ...CONTAINER, Config: { ...Config, StopTimeout: "deep" } },
    {
      ...CONTAINER,
      NetworkSettings: { ...NetworkSettings, Networks: { bad: "deep" }, Ports: { "1/tcp": "deep" } },
    },
    { ...CONTAINER, Config: { ...Config, Env: ["deep"] }, Mounts: "deep", Name: "deep" },
  ];
  for (const json of [...needed, ...dispensable]) {
    const snapshot = decodeSnapshot(withDeep([json, { ...CONTAINER, Id: "b" }]));
    assert.ok(snapshot.ok);
    const [bad, good] = snapshot.value.containers;
    assert.equal(bad?.flaw !== undefined, needed.includes(json as never));
    assert.deepEqual([good?.flaw, good?.oddities], [undefined, []]);
  }
});

const WRONG: [string, string, RegExp][] = [
  ["an empty file", "", /it is empty, as docker inspect leaves it where no container runs$/],
  ["half a file", '[{"Id": ', /JSON array that docker inspect prints.*JSON/],
  ["a number", "5", /JSON array that docker inspect prints/],
  ["an object of another version", '{"version": 2, "containers": []}', /"version": 1/],
  [
    "docker ps in place of docker inspect",
    '[{"Id": "a", "Names": ["/web"]}]',
    /element 0 to be a container as docker inspect prints it \(State:/,
  ],
  ["an array of no containers", "[5]", /element 0 to be a container/],
  ["a container with an odd id", JSON.stringify([{ ...CONTAINER, Id: "a\nb" }]), /element 0 to be an id/],
];

for (const [what, text, message] of WRONG) {
  Deno.test(`${what} is no snapshot, and the message says what would be right`, () => {
    const result = decodeSnapshot(text);
    assert.match(result.ok ? "it was taken" : result.expected, message);
    assert.doesNotMatch(result.ok ? "" : result.expected, /\n/);
  });
}
