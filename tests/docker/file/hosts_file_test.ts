import assert from "node:assert/strict";
import { HostsFile } from "../../../lib/docker/file/hosts_file.ts";

const TLS = { isVerified: false, certPath: undefined };

Deno.test("a file of engines that cannot be used changes nothing, and one with a wrong line lets none go", async () => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-hosts-" });
  try {
    const path = `${folder}/engines`;
    const file = new HostsFile(path, TLS, []);
    const read = async () => {
      file.isStale = true;
      await file.read();
      return file.hosts.map(({ url }) => url.slice("tcp://".length));
    };
    await Deno.writeTextFile(path, "tcp://a:1\ntcp://b:1\n");
    assert.deepEqual(await read(), ["a:1", "b:1"]);
    assert.deepEqual(file.describe(), {
      kind: "engines",
      name: path,
      containers: 0,
      isConnected: true,
      detail: "2 engines",
    });
    const ways = [
      [() => Deno.writeTextFile(path, ""), /it names no engine/],
      [() => Deno.writeTextFile(path, "x".repeat(300_000)), /has 300000 bytes, expected at most 262144/],
      [() => Deno.remove(path), /os error 2/],
      [() => Deno.mkdir(path), /no regular file/],
    ] as const;
    for (const [spoil, expected] of ways) {
      await spoil();
      assert.deepEqual(await read(), ["a:1", "b:1"]);
      assert.match(file.notices[0]?.message ?? "", /keeps those that it read before/);
      assert.match(file.notices[0]?.message ?? "", expected);
      assert.equal(file.describe().isConnected, false);
    }
    await Deno.remove(path);
    // Line 2 may be what b was.
    await Deno.writeTextFile(path, "tcp://a:1\nb:1\ntcp://c:1\n");
    assert.deepEqual(await read(), ["a:1", "c:1", "b:1"]);
    assert.match(file.notices[0]?.message ?? "", /^line 2: "b:1" is no engine's URL/);
    assert.equal(file.notices[0]?.subject, path);
    await Deno.writeTextFile(path, "tcp://a:1\ntcp://c:1\n");
    assert.deepEqual(await read(), ["a:1", "c:1"]);
    assert.deepEqual(file.notices, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
