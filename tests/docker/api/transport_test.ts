import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { engineAddressOf, openTransport } from "../../../lib/docker/api/transport.ts";

const NEVER = new AbortController().signal;
const PLAIN = { isVerified: false, certPath: undefined };
const noSsh = { folder: () => Promise.reject(new Error("no folder is needed")), clock: systemClock };

Deno.test("where containers of an engine are reached follows from its URL", async () => {
  const local = { address: "127.0.0.1", isLocal: true };
  assert.deepEqual(await engineAddressOf("unix:///var/run/docker.sock"), local);
  assert.deepEqual(await engineAddressOf("tcp://127.0.0.1:2375"), local);
  assert.deepEqual(await engineAddressOf("tcp://[::1]:2375"), { address: "::1", isLocal: true });
  assert.deepEqual(await engineAddressOf("tcp://192.0.2.10:2376"), { address: "192.0.2.10", isLocal: false });
  assert.deepEqual(await engineAddressOf("ssh://me@192.0.2.10:22"), {
    address: "192.0.2.10",
    isLocal: false,
  });
  assert.deepEqual(await engineAddressOf("ssh://me@127.0.0.1"), { address: "127.0.0.1", isLocal: false });
});

Deno.test("unix and tcp engines are spoken to directly, with TLS where that is asked for", async () => {
  const open = (url: string, tls = PLAIN) => openTransport(url, tls, noSsh, NEVER);
  assert.deepEqual(await open("unix:///a.sock"), { kind: "unix", path: "/a.sock" });
  assert.deepEqual(await open("tcp://h:2375"), { kind: "tcp", url: "http://h:2375", tls: undefined });
  assert.deepEqual(await open("tcp://h:2376/", { ...PLAIN, isVerified: true }), {
    kind: "tcp",
    url: "https://h:2376",
    tls: undefined,
  });
});

Deno.test("TLS files are read from the folder, and one without an authority is told of", async () => {
  const certPath = await Deno.makeTempDir();
  try {
    const open = () => openTransport("tcp://h:2376", { isVerified: true, certPath }, noSsh, NEVER);
    await assert.rejects(open(), new RegExp(`cannot read ${certPath}/ca\\.pem, expected`));
    await Deno.writeTextFile(`${certPath}/ca.pem`, "CA");
    assert.deepEqual((await open() as { tls: unknown }).tls, { ca: "CA" });
    await Deno.writeTextFile(`${certPath}/cert.pem`, "CERT");
    await Deno.writeTextFile(`${certPath}/key.pem`, "KEY");
    assert.deepEqual((await open() as { tls: unknown }).tls, { ca: "CA", cert: "CERT", key: "KEY" });
  } finally {
    await Deno.remove(certPath, { recursive: true });
  }
});
