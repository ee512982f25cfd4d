/** Which container is asked who comes in, where several have the name. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { container, ip, published, SETTINGS } from "../containers.ts";

const engine = (name: string) => ({ address: ip("10.0.0.1"), isLocal: true, name });
const [OURS, OTHERS] = [engine("unix:///ours.sock"), engine("unix:///others.sock")];

const at = (address: string) => ({ networks: [{ name: "bridge", ipv4: ip(address), ipv6: undefined }] });
const wiki = container("wiki", {
  createdAt: 5,
  engine: OURS,
  interlockData: JSON.stringify({ hostname: "wiki.test", forward_auth: "gate:80/" }),
});
const forged = {
  ...container("gate", { createdAt: 1, engine: OTHERS, ...at("172.17.0.66") }),
  id: "f".repeat(64),
};

/** The address of the service that is asked for the wiki; `undefined` where the route is closed. */
function asked(...gates: readonly ContainerView[]): string | undefined {
  const containers = [wiki, ...gates];
  const { model } = buildModel({ containers, stopping: new Set(), starting: new Set() }, SETTINGS);
  return model.backends.find(({ host }) => host === "wiki.test")?.options.forward_auth?.address;
}

Deno.test("a container of another engine is not asked in place of the one beside the route, however old it is", () => {
  const gate = container("gate", { createdAt: 9, engine: OURS, ...at("172.17.0.7") });
  for (const gates of [[forged, gate], [gate, forged]]) {
    assert.equal(asked(...gates as ContainerView[]), "172.17.0.7");
  }
  assert.equal(asked({ ...gate, status: "restarting" }, forged as ContainerView), undefined);
});

Deno.test("a service that only another engine has is found there", () => {
  assert.equal(asked(forged as ContainerView), "172.17.0.66");
});

Deno.test("a service of another machine is not asked at an address that a container of this one may have", () => {
  const remote = { address: ip("10.0.0.9"), isLocal: false, name: "ssh://far" };
  const gate = container("gate", { engine: remote, ...at("172.17.0.7") });
  assert.equal(asked(gate), undefined);
  assert.equal(asked({ ...gate, published: [published(80, "0.0.0.0", 8080)] }), "10.0.0.9");
});
