/** Several signalboxes of one cluster, each on a node of it: they derive the same bytes, but for what their node makes of them. */
import assert from "node:assert/strict";
import { openRouting } from "../../changes/situation.ts";
import { decodeSnapshot } from "../../../lib/docker/file/snapshot_file.ts";

const NODES = [1, 2, 3];
const CREATED = "2026-03-01T10:00:00Z";

type Text = Readonly<Record<string, unknown>>;

const labels = (hostname: string, more: Text = {}) => ({
  "interlock.hostname": `${hostname}.local`,
  ...more,
});

const service = (name: string, labels: Text, ports: readonly Text[] = []) => ({
  ID: `${name}service`,
  CreatedAt: CREATED,
  Spec: {
    Name: name,
    Labels: labels,
    TaskTemplate: { ContainerSpec: { Image: "app" } },
    EndpointSpec: { Mode: "vip", Ports: ports },
  },
});

const HOST_PORT = { Protocol: "tcp", TargetPort: 8080, PublishMode: "host" };

const containerId = (name: string, node: number) =>
  `${node}${Array.from(name, (each) => each.charCodeAt(0).toString(16)).join("")}`.padEnd(64, "0");

/** A task on each node. */
const tasksOf = (name: string, more: (node: number) => Text = () => ({})) =>
  NODES.map((node) => ({
    ID: `${name}task${node}`,
    CreatedAt: CREATED,
    ServiceID: `${name}service`,
    NodeID: `node${node}`,
    Slot: node,
    DesiredState: "running",
    Spec: { ContainerSpec: { Image: "app" } },
    Status: {
      State: "running",
      ContainerStatus: { ContainerID: containerId(name, node) },
      ...more(node),
    },
    NetworksAttachments: more(node)["networks"] ?? [],
  }));

const published = (node: number) => ({
  PortStatus: { Ports: [{ ...HOST_PORT, PublishedPort: 32768 + node }] },
});
const attached = (node: number) => ({
  networks: [{ Network: { ID: "net", Spec: { Name: "edge" } }, Addresses: [`10.200.0.${10 + node}/16`] }],
});

const SERVICES = [
  service("published", labels("published"), [{ ...HOST_PORT, PublishedPort: 0 }]),
  service("overlay", labels("overlay", { "interlock.port": "8080" })),
  service("bridged", labels("bridged", { "interlock.port": "8080" })),
  service("declared", labels("declared"), []),
];
const TASKS = [
  ...tasksOf("published", published),
  ...tasksOf("overlay", attached),
  ...tasksOf("bridged"),
  ...tasksOf("declared", attached).slice(0, 2),
];

/** What the engine of a node tells of a task there. */
const containerOf = (name: string, node: number) => ({
  Id: containerId(name, node),
  Name: `/${name}.${node}`,
  Created: CREATED,
  State: { Status: "running", Running: true, StartedAt: CREATED },
  Config: {
    ExposedPorts: { "8080/tcp": {} },
    Labels: { "com.docker.swarm.task.id": `${name}task${node}`, "com.docker.swarm.service.name": name },
  },
  NetworkSettings: { Networks: {} },
});

const ALL = ["published", "overlay", "bridged", "declared"];

/** What the signalbox of a node reads, in an order of its own; the engines that it follows are those of these nodes. */
const seenFrom = (node: number, followed: readonly number[], names: readonly string[]) => {
  const turned = <T>(list: readonly T[]) => [...list.slice(node), ...list.slice(0, node)];
  const is = (id: string) => names.some((name) => id.startsWith(name));
  return JSON.stringify({
    version: 1,
    containers: turned(
      followed.flatMap((each) =>
        names.filter((name) => name !== "declared" || each < 3).map((name) => containerOf(name, each))
      ),
    ),
    services: turned(SERVICES.filter(({ ID }) => is(ID))),
    tasks: turned(TASKS.filter(({ ID }) => is(ID))),
    nodes: turned(NODES.map((each) => ({
      ID: `node${each}`,
      Description: { Hostname: `edge${each}` },
      Spec: { Role: "manager", Availability: "active" },
      Status: { State: "ready", Addr: `192.0.2.${each}` },
    }))),
    place: {
      nodes: [`node${node}`],
      networks: ["10.200.0.0/16"],
      bridge: Object.fromEntries(
        names.map((name, at) => [containerId(name, node), `172.18.${node}.${at + 2}`]),
      ),
    },
  });
};

/** The operator names the peers. */
const NAMED = { "peer": NODES.map((each) => `edge${each}=192.0.2.${each}:10000`).join("\n") };

/** What the signalbox of a node loads, whatever it saw before. */
async function filesOf(
  node: number,
  followed: readonly number[],
  names: readonly string[],
  peers: Readonly<Record<string, string>> = NAMED,
): Promise<ReadonlyMap<string, string>> {
  const { design } = await openRouting({ "haproxy-version": "3.2", ...peers, "peer-name": `edge${node}` });
  let files: ReadonlyMap<string, string> = new Map();
  for (const seen of [names.slice(0, node - 1), names]) {
    const decoded = decodeSnapshot(seenFrom(node, followed, seen));
    assert.ok(decoded.ok, decoded.ok ? "" : decoded.expected);
    files = design.render(design.build(decoded.value).model).files;
  }
  return files;
}

const three = (followed: (node: number) => readonly number[], names: readonly string[]) =>
  Promise.all(NODES.map((node) => filesOf(node, followed(node), names)));

/** The sections of a config that others have not, by their first line. */
const ownParts = (files: ReadonlyMap<string, string>, others: readonly ReadonlyMap<string, string>[]) => {
  const partsOf = (each: ReadonlyMap<string, string>) => each.get("haproxy.cfg")?.split("\n\n") ?? [];
  return partsOf(files).filter((part) => !others.every((each) => partsOf(each).includes(part)))
    .map((part) => part.split("\n")[0]);
};

Deno.test("three signalboxes of a cluster, each with its own node's engine, have the same files byte for byte", async () => {
  const [first, ...others] = await three((node) => [node], ["published", "overlay"]);
  assert.match(first?.get("hosts.map") ?? "", /overlay\.local.*\n.*published\.local/);
  for (const other of others) assert.deepEqual([...other], [...first ?? []]);
});

Deno.test("a task that only its node reaches is all that differs where each signalbox has every engine", async () => {
  const all = await three(() => NODES, ALL);
  for (const files of all) assert.deepEqual(ownParts(files, all), ["# bridged.local"]);
  const maps = all.map((files) => [...files].filter(([name]) => name !== "haproxy.cfg"));
  for (const map of maps) assert.deepEqual(map, maps[0]);
});

Deno.test("a port that only an image declares is known where one of the service's tasks is on an own engine", async () => {
  const all = await three((node) => [node], ALL);
  assert.deepEqual(all.map((files) => files.get("hosts.map")?.includes("declared.local")), [
    true,
    true,
    false,
  ]);
});

Deno.test("the nodes of a Swarm are the same peers, byte for byte, as those that an operator names", async () => {
  const seen = ["published", "overlay"];
  const [named] = await three((node) => [node], seen);
  for (const node of NODES) {
    assert.deepEqual([...await filesOf(node, [node], seen, { "peer-port": "10000" })], [...named ?? []]);
  }
});
