import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import type { OwnListener } from "../../../lib/core/model/routing_settings.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { container, ip, LOCAL, port, published, SETTINGS, tcp } from "../containers.ts";

const ANY: OwnListener = { setting: "--http-port", address: undefined, port: port(80) };

/** Whether a container that is published at an address is served by one that listens. */
function isServed(
  hostAddress: string,
  listener: OwnListener,
  machine: readonly string[] = [],
  remote = false,
) {
  const web = container("web", {
    exposed: tcp(80),
    networks: [],
    published: [published(80, hostAddress, 80)],
  });
  const address = remote ? { ...LOCAL, isLocalEngine: false, engineAddress: ip("192.0.2.7") } : LOCAL;
  const settings = { ...SETTINGS, address, listeners: [listener] };
  const snapshot = { ...emptySnapshot, containers: [web] };
  const { model, notices } = buildModel(snapshot, settings, { addresses: new Set(machine) });
  assert.deepEqual(
    notices.map(({ severity, code }) => `${severity} ${code}`),
    model.backends.length === 1 ? [] : [
      "warning own-listener",
    ],
  );
  return model.backends.length === 1;
}

Deno.test("an address is ours where the machine has it, and only known to be where the machine was asked", () => {
  assert.equal(isServed("192.0.2.9", ANY), true);
  assert.equal(isServed("192.0.2.9", ANY, ["192.0.2.9", "127.0.0.1"]), false);
  assert.equal(isServed("192.0.2.9", ANY, ["192.0.2.8"]), true);
  assert.equal(isServed("2001:db8::9", ANY, ["2001:db8::9"]), false);
  assert.equal(isServed("127.0.0.1", ANY), false);
  assert.equal(isServed("::1", ANY), false);
});

Deno.test("a remote engine's address is another machine's, unless this one has it", () => {
  assert.equal(isServed("0.0.0.0", ANY, ["10.0.0.1"], true), true);
  assert.equal(isServed("0.0.0.0", ANY, ["192.0.2.7"], true), false);
});

Deno.test("a listener on one address, of one family or on another port is no other", () => {
  const machine = ["192.0.2.9", "2001:db8::9"];
  assert.equal(isServed("192.0.2.9", { ...ANY, address: ip("127.0.0.1") }, machine), true);
  assert.equal(isServed("192.0.2.9", { ...ANY, address: ip("192.0.2.9") }, machine), false);
  assert.equal(isServed("2001:db8::9", { ...ANY, address: ip("0.0.0.0") }, machine), true);
  assert.equal(isServed("192.0.2.9", { ...ANY, address: ip("::") }, machine), false);
  assert.equal(isServed("192.0.2.9", { ...ANY, port: port(81) }, machine), true);
});

Deno.test("the loss of an address of the machine brings a route back", () => {
  const web = container("web", { networks: [], published: [published(80, "192.0.2.9", 80)] });
  const snapshot = { ...emptySnapshot, containers: [web] };
  const count = (...machine: string[]) =>
    buildModel(snapshot, SETTINGS, { addresses: new Set(machine) }).model.backends.length;
  assert.deepEqual([count("192.0.2.9"), count(), count("192.0.2.9")], [0, 1, 0]);
});
