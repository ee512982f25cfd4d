/** Where fetched certificates are kept when nobody says where. */
import assert from "node:assert/strict";
import { defaultStorage } from "../../lib/cli/settings.ts";

const storage = (isRoot: boolean, env: Readonly<Record<string, string>>) =>
  defaultStorage((name) => env[name], isRoot);

Deno.test("certificates outlive a boot: root has them in /var/lib, others where the state of their programs is", () => {
  const env = { HOME: "/home/ann", XDG_STATE_HOME: "/state" };
  assert.equal(storage(true, env), "/var/lib/signalbox");
  assert.equal(storage(false, env), "/state/signalbox");
  assert.equal(storage(false, { HOME: "/home/ann" }), "/home/ann/.local/state/signalbox");
  assert.equal(storage(false, { ...env, XDG_STATE_HOME: "relative" }), "/home/ann/.local/state/signalbox");
  assert.equal(storage(false, {}), undefined);
});
