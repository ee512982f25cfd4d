/** Nodes of a Swarm as peers of a fleet. */
import assert from "node:assert/strict";
import { FleetNodes, nodeListeners } from "../../../lib/core/model/fleet_nodes.ts";
import type { FleetOfNodes, Frontend } from "../../../lib/core/model/model.ts";
import type { SwarmNode } from "../../../lib/core/snapshot/swarm_node.ts";
import type { IpAddress, Port } from "../../../lib/core/values/names.ts";

const node = (id: string, name: string, more: Partial<SwarmNode> = {}): SwarmNode => ({
  id,
  name,
  address: `192.0.2.${id}` as IpAddress,
  state: "ready",
  isPeer: true,
  ...more,
});

const fleetNodes = (own = "a1", peers: NonNullable<Frontend["fleet"]>["peers"] = []) => {
  const nodes: FleetOfNodes = { port: 10_000 as Port, own, bind: undefined };
  return new FleetNodes({ fleet: { peers, tls: undefined, nodes } } as unknown as Frontend);
};

const placesOf = ({ fleet }: Frontend) => fleet?.peers.map(({ name, address }) => `${name}=${address}`);

Deno.test("a node that goes down, and one that is no peer, change nothing for HAProxy", () => {
  const nodes = fleetNodes();
  const { frontend, notices } = nodes.with([node("2", "b1"), node("1", "a1")]);
  assert.deepEqual(placesOf(frontend), ["a1=192.0.2.1", "b1=192.0.2.2"]);
  assert.deepEqual(notices, []);
  const later = [node("1", "a1"), node("2", "b1", { state: "down" }), node("3", "c1", { isPeer: false })];
  assert.equal(nodes.with(later).frontend, frontend);
  assert.deepEqual(placesOf(nodes.with([...later, node("4", "d1")]).frontend), [
    "a1=192.0.2.1",
    "b1=192.0.2.2",
    "d1=192.0.2.4",
  ]);
});

Deno.test("where no Swarm is known there is no fleet, and a notice says why", () => {
  const { frontend, notices } = fleetNodes().with(undefined);
  assert.equal(frontend.fleet, undefined);
  assert.match(notices.map(({ message }) => message).join(), /finds no peers: no manager/);
});

Deno.test("what the operator says of a name counts before the Swarm's word, and at most 32 are peers", () => {
  const outside = { name: "a1", address: "10.0.0.1" as IpAddress, port: 1 as Port };
  const many = Array.from({ length: 33 }, (_, at) => node(`${at + 1}`, `a${at + 1}`));
  const { frontend, notices } = fleetNodes("a1", [outside]).with(many);
  assert.equal(frontend.fleet?.peers.length, 32);
  assert.equal(placesOf(frontend)?.[0], "a1=10.0.0.1");
  assert.match(notices.map(({ message }) => message).join(), /leaves out 1 node: /);
});

Deno.test("a notice names this one where it is none of the nodes", () => {
  const { notices } = fleetNodes("z9").with([node("1", "a1")]);
  assert.deepEqual(notices.map(({ subject, severity }) => [subject, severity]), [["--peer-port", "warning"]]);
  assert.match(notices[0]?.message ?? "", /finds a1, and not this one, z9/);
});

const HERE: ReadonlySet<string> = new Set(["192.0.2.9"]);

Deno.test("a node of this one's name is this one only if this machine has its address, since HAProxy would end", () => {
  const nodes = [node("1", "a1"), node("9", "a1"), node("2", "b1")];
  const { frontend, notices } = fleetNodes("a1").with(nodes, HERE);
  assert.deepEqual(placesOf(frontend), ["a1=192.0.2.9", "b1=192.0.2.2"]);
  assert.deepEqual(notices.map(({ subject, code }) => [subject, code]), [["a1", "peer"]]);
  const alone = fleetNodes("a1").with([node("1", "a1"), node("2", "b1")], HERE);
  assert.deepEqual(placesOf(alone.frontend), ["b1=192.0.2.2"]);
});

Deno.test("no route leads to the port of a node of which another one has the name", () => {
  const { frontend } = fleetNodes("a1");
  const listeners = nodeListeners([node("1", "a1"), node("9", "a1")], frontend.fleet);
  assert.deepEqual(listeners.map(({ address }) => address), ["192.0.2.1", "192.0.2.9"]);
});
