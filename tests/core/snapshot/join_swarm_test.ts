/** Which container a task of a Swarm is: its node says so, and another engine may know better. */
import assert from "node:assert/strict";
import { SwarmJoin } from "../../../lib/core/snapshot/join_swarm.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { NodeEngine, Swarm, SwarmTask } from "../../../lib/core/snapshot/swarm.ts";
import { UNKNOWN_PLACE } from "../../../lib/core/snapshot/swarm.ts";
import type { ContainerId, IpAddress, Port } from "../../../lib/core/values/names.ts";
import { container } from "../containers.ts";

const ID = "c".repeat(64) as ContainerId;
const ADDRESS = "10.0.0.7" as IpAddress;

/** A container that its engine tells of, on a network of its own. */
const seen = (taskId?: string): ContainerView => ({
  ...container("shop", { labels: { "interlock.hostname": "shop.test" } }),
  id: ID,
  exposed: [{ port: 8080 as Port, protocol: "tcp" }],
  networks: [{ name: "bridge", ipv4: ADDRESS, ipv6: undefined }],
  ...(taskId !== undefined && { taskId }),
});

const engine = (nodeId: string | undefined, view: ContainerView): NodeEngine => ({
  nodeId,
  isListening: true,
  containers: new Map([[view.id, view]]),
  stopping: new Set(),
});

const task: SwarmTask = {
  id: "t1",
  serviceId: "s1",
  nodeId: "n1",
  suffix: "1.t1",
  createdAt: 1,
  state: "running",
  desired: "running",
  containerId: ID,
  hostname: "",
  interlockData: undefined,
  labels: {},
  networks: [],
  hostPorts: [],
  stopSignal: "SIGTERM",
  stopTimeoutMs: undefined,
  version: "1",
  oddities: [],
};

const swarm: Swarm = {
  services: [{
    id: "s1",
    name: "evil",
    createdAt: 1,
    labels: { "interlock.hostname": "evil.test" },
    ports: [],
    virtual: [],
    ingress: [],
    version: "1",
  }],
  tasks: [task],
  nodes: ["n1", "n2"].map((id) => ({
    id,
    name: id,
    address: "192.0.2.1" as IpAddress,
    state: "ready",
    isPeer: true,
  })),
};

const bridge = new Map([[ID as string, "172.18.0.9" as IpAddress]]);

/** The names of what is joined, and the networks of the task. */
function joined(engine: NodeEngine) {
  const place = { ...UNKNOWN_PLACE, nodeIds: new Set(["n1"]), bridge };
  const { containers, taskIds } = new SwarmJoin().join({ swarm, place, engines: [engine] });
  const own = containers.find(({ name }) => name === "evil.1.t1");
  return {
    names: containers.map(({ name }) => name).sort(),
    networks: own?.networks.map(({ name }) => name),
    exposed: own?.exposed.length,
    isMapped: taskIds.has(ID),
  };
}

const ITSELF = { names: ["evil.1.t1"], networks: ["bridge", "docker_gwbridge"], exposed: 1, isMapped: true };
const ALONE = { networks: [], exposed: 0, isMapped: false };

Deno.test("a task is the container that its engine has for it", () => {
  assert.deepEqual(joined(engine("n1", seen("t1"))), ITSELF);
  // A snapshot does not say which node an engine is.
  assert.deepEqual(joined(engine(undefined, seen("t1"))), ITSELF);
});

Deno.test("a task takes no container that is none, that is another task, or that another node has", () => {
  const both = ["evil.1.t1", "shop"];
  assert.deepEqual(joined(engine("n2", seen())), { ...ALONE, names: both });
  assert.deepEqual(joined(engine("n1", seen())), { ...ALONE, names: both });
  assert.deepEqual(joined(engine(undefined, seen())), { ...ALONE, names: both });
  // A container of the Swarm waits for the word of its manager.
  assert.deepEqual(joined(engine("n2", seen("t1"))), { ...ALONE, names: ["evil.1.t1"] });
  assert.deepEqual(joined(engine("n1", seen("t2"))), { ...ALONE, names: ["evil.1.t1"] });
});

Deno.test("what a service says to another tool is a hint on its tasks where neither says anything to us", () => {
  const otherTool = { name: "Traefik", source: "label", word: "traefik.enable" } as const;
  const hintOf = (labels: Readonly<Record<string, string>>) => {
    const services = swarm.services.map((service) => ({ ...service, labels, otherTool }));
    const { containers } = new SwarmJoin().join({
      swarm: { ...swarm, services },
      place: UNKNOWN_PLACE,
      engines: [],
    });
    return containers.map((view) => view.otherTool?.word);
  };
  assert.deepEqual(hintOf({}), ["traefik.enable"]);
  assert.deepEqual(hintOf({ "interlock.hostname": "a.test" }), [undefined]);
});
