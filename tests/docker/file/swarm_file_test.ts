import assert from "node:assert/strict";
import { decodeSnapshot, encodeSnapshot } from "../../../lib/docker/file/snapshot_file.ts";
import { decodeSwarm, reduceSwarm } from "../../../lib/docker/file/swarm_file.ts";
import { formatNetwork, parseNetwork } from "../../../lib/core/values/network.ts";

const container = {
  Image: "shop:1",
  Env: ["PASSWORD=hunter2", 'INTERLOCK_DATA={"basic_auth":["ann:$2y$05$abcdefghijklmnopqrstuv"]}'],
  Labels: { "interlock.basic_auth": "bob:$2y$05$abcdefghijklmnopqrstuv", "interlock.weight": "3" },
  Secrets: [{ File: { Name: "hunter2" } }],
  Command: ["--token=hunter2"],
};
const network = parseNetwork("10.0.1.0/24");
const place = {
  nodeIds: new Set(["n1"]),
  networks: network.ok ? [network.value] : [],
  bridge: new Map(),
};
const service = {
  ID: "s1",
  Spec: { Name: "web", Labels: { "interlock.hostname": "shop" }, TaskTemplate: { ContainerSpec: container } },
  PreviousSpec: { TaskTemplate: { ContainerSpec: container } },
};
const task = {
  ID: "t1",
  ServiceID: "s1",
  NodeID: "n1",
  Slot: 1,
  DesiredState: "running",
  Spec: { ContainerSpec: container },
  Status: { State: "running", Err: "hunter2" },
  NetworksAttachments: [{ Network: { ID: "x", Spec: { Name: "edge" } }, Addresses: ["10.0.1.3/24"] }],
};
const said = { services: [service], tasks: [task], nodes: [{ ID: "n1", Status: { State: "ready" } }], place };

Deno.test("a snapshot that is kept has no environment of a Swarm but INTERLOCK_DATA, and no hash of a password", () => {
  const text = JSON.stringify(reduceSwarm(said, undefined, false));
  assert.doesNotMatch(text, /hunter2|abcdefghijklmnopqrstuv/);
  assert.match(text, /INTERLOCK_DATA=/);
  assert.match(text, /ann:.*bob:|bob:.*ann:/);
});

Deno.test("what a snapshot keeps of a Swarm is what it is read as", () => {
  const text = encodeSnapshot([], reduceSwarm(said, undefined, true));
  const read = decodeSwarm(JSON.parse(text));
  assert.ok(read.ok);
  assert.deepEqual(read.value.swarm, unreduced());
  assert.deepEqual(read.value.place.networks.map(formatNetwork), ["10.0.1.0/24"]);
  const snapshot = decodeSnapshot(text);
  assert.ok(snapshot.ok);
  assert.deepEqual(
    snapshot.value.containers.map(({ name, labels }) => [name, labels["interlock.hostname"]]),
    [
      ["web.1.t1", "shop"],
    ],
  );
});

/** The same Swarm as its manager gave it. */
function unreduced() {
  const read = decodeSwarm({ ...said, place: {} });
  assert.ok(read.ok);
  return read.value.swarm;
}

Deno.test("what is no service, task or node fails the file, and says where", () => {
  for (
    const [name, expected] of [["services", /element 0 of services/], ["tasks", /element 0 of tasks/], [
      "nodes",
      /element 0 of nodes/,
    ]] as const
  ) {
    const read = decodeSnapshot(JSON.stringify({ version: 1, containers: [], [name]: [{}] }));
    assert.ok(!read.ok);
    assert.match(read.expected, expected);
  }
});
