/** Settings that one program hands to another, as an environment. */
import assert from "node:assert/strict";
import { asEnvironment, beneath, readSettings } from "../../../lib/core/settings/read_settings.ts";

Deno.test("what was given of a command's settings gives the same again, and secrets are none of explain's", () => {
  const given = { "docker-host": ["unix:///a", "tcp://b:1"], "http-port": ["81"], "stats-password": ["x"] };
  const env = { HAPROXY_BALANCE_ALGORITHM: "leastconn", SIGNALBOX_NETWORK: "" };
  const handed = asEnvironment(given, env, "explain");
  assert.deepEqual(handed, {
    DOCKER_HOST: "unix:///a,tcp://b:1",
    SIGNALBOX_BALANCE: "leastconn",
    SIGNALBOX_HTTP_PORT: "81",
  });
  const { settings, problems } = readSettings({}, beneath({}, handed));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    [settings.dockerHosts, settings.balance, settings.httpPort],
    [["unix:///a", "tcp://b:1"], "leastconn", 81],
  );
});

Deno.test("a setting that the environment has under any of its names is had from there alone", () => {
  const merged = beneath({ HAPROXY_BALANCE_ALGORITHM: "source", SIGNALBOX_NETWORK: "" }, {
    SIGNALBOX_BALANCE: "leastconn",
    SIGNALBOX_NETWORK: "web",
  });
  const { settings } = readSettings({}, merged);
  assert.deepEqual([settings.balance, settings.network], ["source", "web"]);
});
