/** Why a server has no traffic, by what HAProxy says of it. */
import assert from "node:assert/strict";
import { serverReader, type ServerReport } from "../../../lib/core/status/server_status.ts";
import type { Server } from "../../../lib/core/model/model.ts";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { viewOfListed } from "../../../lib/core/snapshot/listed_view.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { SETTINGS } from "../containers.ts";

/** The server of a route of a file. */
function serverAt(at: string): Server {
  const entry = { hostname: "nas.example.com", servers: [at] };
  const view = viewOfListed({ name: "nas", fileName: "routes.yaml", turn: 0, place: "line 1", entry });
  const { model } = buildModel({ ...emptySnapshot, containers: [view] }, SETTINGS);
  const [server] = model.backends.flatMap(({ servers }) => servers);
  assert.ok(server);
  return server;
}

Deno.test("a server whose name has no address is told apart from one that does not answer", () => {
  const server = serverAt("nas.lan:5000");
  const stateOf = (report: ServerReport) =>
    serverReader(
      { waiting: new Map(), trouble: undefined, spaced: undefined },
      true,
      new Map([[server.name, report]]),
    )(server);
  const base = { container: "nas@routes.yaml", address: "nas.lan:5000" };
  assert.deepEqual(stateOf({ isReady: true, isUp: false, address: "-" }), {
    ...base,
    state: "down",
    why: "no name server tells its address",
  });
  assert.deepEqual(stateOf({ isReady: true, isUp: false, address: "192.0.2.7" }), {
    ...base,
    state: "down",
    why: "its health check fails",
  });
  assert.deepEqual(stateOf({ isReady: true, isUp: true, address: "192.0.2.7" }), {
    ...base,
    state: "ready",
    why: undefined,
  });
});
