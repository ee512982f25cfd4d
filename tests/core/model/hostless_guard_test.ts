/** A guard of a route that names no host was meant for the container's other routes: none is served without it. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { container, port, SETTINGS } from "../containers.ts";

const WITH_PORTS = { ...SETTINGS, tcpPorts: [{ first: port(6000), last: port(6999) }] };

/** What a container serves that has no hostname of its own unless said, and what it is told. */
function served(labels: Readonly<Record<string, string>>, data?: unknown, hostname = "") {
  const words = { labels, hostname, ...data !== undefined && { interlockData: JSON.stringify(data) } };
  const snapshot = {
    containers: [container("web", words)],
    stopping: new Set<never>(),
    starting: new Set<never>(),
  };
  const { model, notices } = buildModel(snapshot, WITH_PORTS);
  return {
    routes: [...model.routes, ...model.streams.routes].map(({ host }) => host),
    told: notices.map(({ message }) => message).join("\n"),
  };
}

const API = { "interlock.api.hostname": "api.test" };
const TCP = { "interlock.db.protocol": "tcp", "interlock.db.listen_port": "6000" };

Deno.test("a guard of the container's own route, which has no host, costs all of its routes", () => {
  assert.deepEqual(served(API).routes, ["api.test"]);
  for (
    const guard of [
      { "interlock.allow_from": "10.0.0.0/8" },
      { "interlock.deny_from": "10.0.0.0/8" },
      { "interlock.basic_auth": "garbage" },
      { "interlock.ssl_only": "true" },
    ]
  ) {
    for (const route of [API, TCP]) {
      const { routes, told } = served({ ...route, ...guard });
      assert.deepEqual(routes, [], JSON.stringify({ ...route, ...guard }));
      assert.match(told, /names no host.*all routes of the container are left out/);
    }
  }
  assert.deepEqual(served(API, { allow_from: ["10.0.0.0/8"] }).routes, []);
});

Deno.test("a guard beside a port, a path or a word of its own protects no other route, and costs all", () => {
  for (const word of ["port", "weight", "network"]) {
    const labels = { ...API, "interlock.admin.allow_from": "10.0.0.0/8", [`interlock.admin.${word}`]: "80" };
    assert.deepEqual(served(labels).routes, [], word);
  }
});

Deno.test("a guard beside a route of TCP that has its container's name costs that route too", () => {
  const named = { "interlock.protocol": "tcp", "interlock.listen_port": "6000" };
  assert.equal(served(named).routes.length, 1);
  assert.deepEqual(served({ ...named, "interlock.web.allow_from": "10.0.0.0/8" }).routes, []);
});

Deno.test("a guard of a route that has a host costs no other, and one that is off costs none", () => {
  const own = { ...API, "interlock.allow_from": "10.0.0.0/8" };
  assert.deepEqual(served(own, undefined, "web.test").routes.sort(), ["api.test", "web.test"]);
  const off = { ...API, "interlock.admin.allow_from": "10.0.0.0/8", "interlock.admin.enable": "false" };
  assert.deepEqual(served(off).routes, ["api.test"]);
  assert.deepEqual(served({ ...API, "interlock.port": "80" }).routes, ["api.test"]);
});
