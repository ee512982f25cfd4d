/** Addresses of another machine that are in a network of this one by chance. */
import assert from "node:assert/strict";
import { findCoincidence } from "../../lib/probe/own_networks.ts";

const HERE = [
  { name: "lo", cidr: "127.0.0.1/8" },
  { name: "eth0", cidr: "192.0.2.5/24" },
  { name: "docker0", cidr: "172.17.0.1/16" },
  { name: "docker0", cidr: "fd00:17::1/64" },
];

const CASES: [address: string, engine: string, found: string | undefined, why: string][] = [
  ["172.17.0.3", "192.0.2.10", "docker0", "each engine's first network is the same"],
  ["fd00:17::3", "192.0.2.10", "docker0", "so with IPv6"],
  ["10.1.2.3", "192.0.2.10", undefined, "it is routed"],
  ["192.0.2.77", "192.0.2.10", undefined, "both machines are on that network, as with macvlan"],
  ["192.0.2.77", "198.51.100.1", "eth0", "the other machine is not on it"],
  ["172.17.0.3", "172.17.0.2", undefined, "the engine is in a container of this machine's"],
  ["172.17.0.3", "192.0.2.5", undefined, "the engine is this machine's, asked by an address of it"],
];

for (const [address, engine, expected, why] of CASES) {
  Deno.test(`${address} of an engine at ${engine}: ${why}`, () =>
    assert.equal(findCoincidence(address, engine, HERE), expected));
}
