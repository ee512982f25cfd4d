/** What the state directory is to other users, and what HAProxy's worker may see: as SECURITY.md says. */
import assert from "node:assert/strict";
import { certificate } from "../haproxy/certificate.ts";
import { freePort } from "../harness/http.ts";
import { FaultStage } from "./stage.ts";

/** Each file and folder below one, by its path there, with its mode. */
async function* below(folder: string, path = ""): AsyncGenerator<readonly [string, Deno.FileInfo]> {
  for await (const { name, isDirectory } of Deno.readDir(`${folder}${path}`)) {
    // Sockets and files of a moment go while this looks.
    const info = await Deno.lstat(`${folder}${path}/${name}`).catch(() => undefined);
    if (info === undefined) continue;
    yield [`${path}/${name}`, info];
    if (isDirectory) yield* below(folder, `${path}/${name}`);
  }
}

Deno.test({
  name:
    "the state directory and all in it are their owner's alone, and a worker is locked into an empty folder",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using stage = await FaultStage.open({ host: "good.example" }, {
      host: "passed.example",
      data: { ssl_passthrough: true },
    });
    const { path } = await certificate();
    const admin = ["--admin", `127.0.0.1:${freePort()}`];
    stage.start(["--tls-cert", path, "--access-log", "all", ...admin]);
    await stage.answers("good.example");
    assert.equal(((await Deno.stat(stage.stateDir)).mode ?? 0) & 0o777, 0o700);
    const seen = new Map<string, Deno.FileInfo>();
    for await (const [name, info] of below(stage.stateDir)) seen.set(name, info);
    for (const name of ["/control.sock", "/cookie-key", "/peers-key", "/current"]) {
      assert.ok(seen.has(name), name);
    }
    for (const [name, { isFile, isDirectory, isSymlink, mode, uid }] of seen) {
      assert.equal(uid, 0, name);
      if (isSymlink || name === "/haproxy.pid") continue;
      const open = (mode ?? 0) & 0o077;
      // The folder that workers are locked into, and the sockets in it: the folder above is closed.
      if (name.startsWith("/empty")) assert.ok(isDirectory || !isFile, name);
      else assert.equal(open, 0, `${name} is ${(mode ?? 0).toString(8)}`);
    }
    const { haproxy } = await stage.status();
    const children = await Deno.readTextFile(`/proc/${haproxy.pid}/task/${haproxy.pid}/children`);
    const workers = children.trim().split(" ").filter((pid) => pid !== "");
    assert.ok(workers.length > 0);
    for (const pid of workers) {
      const status = await Deno.readTextFile(`/proc/${pid}/status`);
      assert.doesNotMatch(status, /^Uid:.*\b0\b/m);
      assert.equal(await Deno.readLink(`/proc/${pid}/root`), `${stage.stateDir}/empty`);
    }
  },
});
