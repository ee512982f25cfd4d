import assert from "node:assert/strict";
import { NetworkOwners } from "../../../lib/core/snapshot/network_owner.ts";
import { ContainerLookup, namedBy } from "../../../lib/core/snapshot/container_lookup.ts";
import type { ContainerId } from "../../../lib/core/values/names.ts";
import { type ContainerView, emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { container, ip } from "../containers.ts";

const id = (digits: string) => digits.repeat(64 / digits.length) as ContainerId;

function ownerOf(container: ContainerView, others: readonly ContainerView[], starting: ContainerId[] = []) {
  const snapshot = { ...emptySnapshot, containers: [container, ...others], starting: new Set(starting) };
  const owner = new NetworkOwners(snapshot).ownerOf(container);
  return typeof owner === "string" ? owner : owner.name;
}

Deno.test("a chain of shared networks is followed to its end, and a circle has none", () => {
  const vpn = container("vpn");
  const mid = container("mid", { networkMode: `container:${vpn.id}` });
  const leaf = container("leaf", { networkMode: "container:mid" });
  assert.equal(ownerOf(leaf, [mid, vpn]), "vpn");
  assert.equal(ownerOf(vpn, [mid, leaf]), "vpn");
  const round = container("vpn", { networkMode: `container:${leaf.id}` });
  assert.equal(ownerOf(leaf, [mid, round]), "circle");
  const itself = container("self", { networkMode: "container:self" });
  assert.equal(ownerOf(itself, []), "circle");
});

Deno.test("a network is nobody's whose container is gone, does not run, is being started or cannot be read", () => {
  const leaf = container("leaf", { networkMode: "container:vpn" });
  assert.equal(ownerOf(leaf, []), "gone");
  assert.equal(ownerOf(leaf, [container("vpn", { status: "exited" })]), "gone");
  assert.equal(ownerOf(leaf, [container("vpn", { status: "paused" })]), "vpn");
  assert.equal(ownerOf(leaf, [container("vpn", { flaw: "State" })]), "gone");
  assert.equal(ownerOf(leaf, [container("vpn")], [container("vpn").id]), "gone");
});

Deno.test("a name that is another's id, or the beginning of it, takes nothing from that one", () => {
  const vpn = container("vpn", { id: id("a1") });
  for (const word of [vpn.id, vpn.id.slice(0, 12)]) {
    const thief = container(word, { id: id("f") });
    for (const all of [[vpn, thief], [thief, vpn]]) {
      assert.equal(new ContainerLookup(all).find(word, undefined)?.name, "vpn");
      assert.deepEqual([...namedBy(word, all)].map(({ name }) => name), ["vpn"]);
    }
  }
});

Deno.test("a word that is nobody's name is looked for among the services of Compose", () => {
  const all = ["tmp-shop-1", "tmp-shop-2", "tmp_shop_12", "tmp-shop", "tmp-workshop-1", "api"].map((name) =>
    container(name)
  );
  const found = (word: string) => [...namedBy(word, all)].map(({ name }) => name);
  assert.deepEqual(found("shop"), ["tmp-shop-1", "tmp-shop-2", "tmp_shop_12"]);
  assert.deepEqual(found("api"), ["api"]);
  assert.deepEqual(found("hop"), []);
});

Deno.test("a container whose name is the id of one that is gone does not get what was that one's", () => {
  for (const word of [id("a1"), id("a1").slice(0, 12)]) {
    const leaf = container("leaf", { networkMode: `container:${word}` });
    assert.equal(ownerOf(leaf, [container(word, { id: id("f") })]), "gone");
  }
});

Deno.test("a whole id is not taken for the beginning of a longer one", () => {
  const short = container("short", { id: "abcabcabcabc" as ContainerId });
  const long = container("long", { id: "abcabcabcabcd" as ContainerId });
  for (const all of [[short, long], [long, short]]) {
    assert.equal(new ContainerLookup(all).find(short.id, undefined)?.name, "short");
  }
});

Deno.test("a name is looked for on one engine alone, and two of one name are none", () => {
  const on = (address: string) => ({ address: ip(address), isLocal: false });
  const [a, b] = [container("vpn", { engine: on("10.0.0.1") }), container("vpn", { engine: on("10.0.0.2") })];
  const lookup = new ContainerLookup([a, { ...b, id: id("b") }]);
  assert.equal(lookup.find("vpn", on("10.0.0.2"))?.id, id("b"));
  assert.equal(lookup.find("vpn", undefined), undefined);
  assert.equal(new ContainerLookup([a, { ...a, id: id("b") }]).find("vpn", a.engine), undefined);
});

Deno.test("what a user types is a name too where it is only the beginning of an id", () => {
  const all = [container("cafe", { id: id("1") }), container("web", { id: id("cafe") })];
  assert.deepEqual([...namedBy("cafe", all)].map(({ name }) => name), ["cafe", "web"]);
  assert.deepEqual([...namedBy("caf", all)], []);
});
