import assert from "node:assert/strict";
import { Readiness } from "../../lib/loop/readiness.ts";
import { buildModel } from "../../lib/core/model/build_model.ts";
import type { ContainerId, ServerName } from "../../lib/core/values/names.ts";
import type { Prober } from "../../lib/ports.ts";
import { settled } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";
import { container, network, SETTINGS } from "../core/containers.ts";

Deno.test("a task that is to end has traffic until another one of its host answers", async () => {
  const proofs = new Map<string, () => void>();
  const prober: Prober = {
    prove: ({ hostname }) => new Promise((resolve) => proofs.set(hostname, () => resolve(undefined))),
  };
  const readiness = new Readiness(prober, new Witness(), () => {});
  const at = (name: string, address: string) =>
    container(name, { hostname: "shop.example.com", networks: [network("edge", address)] });
  const [old, successor] = [at("aaaa", "10.0.1.3"), at("bbbb", "10.0.1.4")];
  const states = (leaving: readonly ContainerId[], stopping: readonly ContainerId[] = []) => {
    const snapshot = {
      containers: [old, successor],
      starting: new Set<ContainerId>(),
      stopping: new Set(stopping),
      leaving: new Set(leaving),
    };
    const { model } = buildModel(snapshot, SETTINGS);
    const all = readiness.update(model);
    return model.backends.flatMap(({ servers }) => servers)
      .sort((a, b) => a.address < b.address ? -1 : 1).map(({ name }) => all.get(name as ServerName));
  };
  const answer = async (address: string) => {
    proofs.get(address)?.();
    await settled();
  };
  assert.deepEqual(states([]), ["maint", "maint"]);
  await answer("10.0.1.3");
  assert.deepEqual(states([]), ["ready", "maint"]);
  assert.deepEqual(states([old.id]), ["ready", "maint"], "it is the last one");
  await answer("10.0.1.4");
  assert.deepEqual(states([old.id]), ["maint", "ready"], "its successor answers");
  assert.deepEqual(states([old.id, successor.id]), ["ready", "ready"], "both are to end");
  assert.deepEqual(states([successor.id], [old.id]), ["maint", "ready"], "one was told to stop already");
});
