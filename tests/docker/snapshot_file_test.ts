import assert from "node:assert/strict";
import { decodeContainer } from "../../lib/docker/decode.ts";
import { decodeSnapshot, encodeSnapshot, reduceContainer } from "../../lib/docker/snapshot_file.ts";

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
    JSON.stringify({ version: 1, containers: [CONTAINER], services: [{}], nodes: null }),
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

const WRONG: [string, string, RegExp][] = [
  ["an empty file", "", /it is empty, as docker inspect leaves it where no container runs$/],
  ["half a file", '[{"Id": ', /JSON array that docker inspect prints.*JSON/],
  ["a number", "5", /JSON array that docker inspect prints/],
  ["an object of another version", '{"version": 2, "containers": []}', /"version": 1/],
  [
    "docker ps in place of docker inspect",
    '[{"Id": "a", "Names": ["/web"]}]',
    /element 0 to be a container as docker inspect prints it \(Name:/,
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
