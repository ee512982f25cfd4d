/** HTTP/3, by a client whose QUIC is not HAProxy's. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { hasQuic } from "../../lib/haproxy/process/program.ts";
import { makeAuthority, signed } from "../certificates/authorities.ts";
import { NOW } from "../certificates/files.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { runProgram } from "../harness/program.ts";
import { Echo } from "./echo.ts";
import { H3Client } from "./h3_client.ts";
import { snapshotOf } from "./one_route.ts";
import { called, everyProgram as programs, onStage, type Stage } from "./stage.ts";

for (const program of programs.filter(({ addsBackends }) => addsBackends !== true)) {
  const isAble = await hasQuic(program);

  if (!isAble) {
    Deno.test(`${called(program)}: --http3 is an error that says what is missing`, async () => {
      const folder = await Deno.makeTempDir();
      try {
        const args = ["run", "--http3", "--tls-cert", folder, "--state-dir", `${folder}/state`];
        const { code, stderr } = await runProgram([...args, "--haproxy", program.path]);
        assert.equal(code, 1);
        assert.match(stderr, /--http3 needs an HAProxy with QUIC, which HAProxy [0-9.]+\S* is not/);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
    continue;
  }

  Deno.test(`${called(program)}: clients come by HTTP/3, are told of it, and are looked at as all others are`, async () => {
    const folder = await Deno.makeTempDir();
    await using echo = new Echo();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    await using server = Deno.serve({ hostname: "127.17.9.1", port: 0, onListen: () => {} }, async () => {
      asked.resolve();
      return new Response(await answer.promise);
    });
    try {
      const authority = await makeAuthority(folder, "root", "/CN=Root");
      const names = ["web.test", "staff.test"];
      await Deno.mkdir(`${folder}/tls`);
      await Deno.copyFile(await signed(folder, "hosts", { by: "root", names }), `${folder}/tls/hosts.pem`);
      const files = new CertificateFiles([
        { path: `${folder}/tls`, origin: "file" },
        { path: `${folder}/root.crt`, origin: "client-ca" },
      ], undefined);
      const apply = async (stage: Stage, more: object) => {
        const all = [
          { hostname: "web.test", ...more },
          { hostname: "staff.test", client_ca: "root.crt" },
        ];
        const slow = { port: server.addr.port, data: { hostname: "slow.test" } };
        const decoded = decodeSnapshot(snapshotOf([...all.map((data) => ({ port: echo.port, data })), slow]));
        assert.ok(decoded.ok);
        const { containers } = decoded.value;
        const seen = { containers, stopping: new Set<never>(), starting: new Set<never>() };
        const { design } = stage.routing;
        const { model } = design.build(seen, undefined, undefined, await files.read(NOW));
        return (await stage.apply({ desired: design.render(model), states: new Map() })).plan.kind;
      };
      const port = freePort();
      const settings = {
        ...{ "http3": "", "tls-cert": `${folder}/tls`, "https-port": `${port}` },
        "client-ca": `${folder}/root.crt`,
      };
      await onStage(program, { settings }, async (stage) => {
        await apply(stage, {});
        const { headers } = await httpGet({ port, host: "web.test", tls: true });
        assert.equal(headers["alt-svc"], `h3=":${port}"; ma=3600`);
        const plain = await httpGet({ port: stage.httpPort, host: "web.test" });
        assert.equal(plain.headers["alt-svc"], undefined);

        await using client = await H3Client.connect(port, "web.test", authority);
        const { status, body } = await client.get("web.test");
        assert.equal(status, 200);
        assert.match(body, /^x-forwarded-proto: https\r$/im);
        assert.match(body, /^host: web[.]test\r$/im);
        assert.equal((await client.get("nobody.test")).status, 404);
        assert.equal((await client.get("staff.test")).status, 421, "a connection for another host");
        await using staff = await H3Client.connect(port, "staff.test", authority);
        assert.equal((await staff.get("staff.test")).status, 403, "no certificate");

        const late = client.get("slow.test");
        await asked.promise;
        assert.equal(await apply(stage, { check_interval: 100 }), "reload");
        await using next = await H3Client.connect(port, "web.test", authority);
        assert.equal((await next.get("web.test")).status, 200, "after a reload");
        // The old worker finishes what it has, and takes nothing new (RFC 9114, 8.1: H3_NO_ERROR, H3_REQUEST_REJECTED).
        answer.resolve("late");
        assert.deepEqual(await late, { status: 200, body: "late" });
        await assert.rejects(client.get("slow.test"), /: (?:error )?(?:256|267)$|connection lost$/);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
