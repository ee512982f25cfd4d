/** What settings of a fleet come to, and what is wrong with them before HAProxy is started. */
import assert from "node:assert/strict";
import { checkFleet, fleetEnvironment, fleetOf, peerListeners } from "../../lib/cli/fleet.ts";
import { readSettings } from "../../lib/core/settings/read_settings.ts";

const PEERS = ["b1=10.0.0.2:10000", "a1=10.0.0.1:10000"];
const settings = (given: Record<string, readonly string[]>) => readSettings(given, {}).settings;

Deno.test("peers are the same at each node, but for the own line of --peer-bind", () => {
  const fleet = fleetOf(settings({ "peer": PEERS, "peer-name": ["a1"] }));
  assert.deepEqual(fleet?.peers.map(({ name }) => name), ["a1", "b1"]);
  assert.deepEqual(fleetOf(settings({ "peer": PEERS.toReversed(), "peer-name": ["b1"] })), fleet);
  const bound = settings({ "peer": PEERS, "peer-name": ["a1"], "peer-bind": ["0.0.0.0:10001"] });
  assert.deepEqual(fleetOf(bound)?.peers.map(({ address, port }) => `${address}:${port}`), [
    "0.0.0.0:10001",
    "10.0.0.2:10000",
  ]);
  const ports = peerListeners(bound).map(({ address, port }) => `${address}:${port}`).sort();
  assert.deepEqual(ports, ["0.0.0.0:10001", "10.0.0.1:10000", "10.0.0.2:10000"]);
  assert.equal(fleetOf(settings({})), undefined);
});

Deno.test("nodes of a Swarm are peers at the port that is named, beside those that have a name", async () => {
  const given = settings({ "peer": ["out=10.0.0.9:1"], "peer-port": ["10000"], "peer-name": ["a1"] });
  assert.deepEqual(fleetOf(given)?.nodes, { port: 10_000, own: "a1", bind: undefined });
  assert.deepEqual(peerListeners(given).map(({ address, port }) => `${address}:${port}`), [
    "10.0.0.9:1",
    "undefined:10000",
  ]);
  // Whether the Swarm has a node of this name, it tells later.
  assert.deepEqual(await fleetEnvironment(given), { SIGNALBOX_LOCAL_PEER: "a1" });
});

Deno.test("what cannot be a fleet is told before HAProxy is started", async () => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-fleet-" });
  try {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "-----BEGIN CERTIFICATE-----\n");
    const given = { "peer": PEERS, "peer-name": ["a1"] };
    await checkFleet(settings(given));
    const wrong: [Record<string, readonly string[]>, RegExp][] = [
      [{ ...given, "peer-name": ["c1"] }, /names b1, a1, and not this one, c1/],
      [{ "peer-tls": [path] }, /--peer-tls needs --peer/],
      [{ "peer-bind": ["0.0.0.0:1"] }, /--peer-bind needs --peer/],
      [{ ...given, "peer-tls": [path] }, /must hold a certificate and its key/],
      [{ ...given, "peer-tls": [`${folder}/none`] }, /cannot read --peer-tls/],
      [{ "cookie-key-file": [path] }, /must hold one line of 32 to 128/],
    ];
    for (const [flags, message] of wrong) {
      await assert.rejects(fleetEnvironment(settings(flags)), { message });
    }
    await Deno.writeTextFile(path, `${"k".repeat(40)}\n`);
    assert.deepEqual(await fleetEnvironment(settings({ ...given, "cookie-key-file": [path] })), {
      SIGNALBOX_LOCAL_PEER: "a1",
      SIGNALBOX_COOKIE_KEY: "k".repeat(40),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
