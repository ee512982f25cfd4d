/** What one client can hold over HTTP/3: as many connections as over TCP, and as many requests in each as over HTTP/2. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { MOST_STREAMS } from "../../lib/core/config/descriptors.ts";
import { hasQuic } from "../../lib/haproxy/process/program.ts";
import { makeAuthority, signed } from "../certificates/authorities.ts";
import { NOW } from "../certificates/files.ts";

import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { H3Client } from "./h3_client.ts";
import { snapshotOf } from "./one_route.ts";
import { called, everyProgram as programs, onStage, type Stage } from "./stage.ts";

const HOST = "slow.test";
const PER_CLIENT = 3;

for (const program of programs.filter(({ addsBackends }) => addsBackends !== true)) {
  if (!await hasQuic(program)) continue;

  Deno.test(`${called(program)}: one client has its connections over HTTP/3, and twenty requests in each`, async () => {
    const folder = await Deno.makeTempDir();
    const over = Promise.withResolvers<void>();
    let held = 0;
    await using server = Deno.serve({ hostname: "127.17.9.1", port: 0, onListen: () => {} }, async () => {
      held++;
      await over.promise;
      return new Response("late");
    });
    const clients: H3Client[] = [];
    try {
      const authority = await makeAuthority(folder, "root", "/CN=Root");
      const path = await signed(folder, "hosts", { by: "root", names: [HOST] });
      const port = freePort();
      const settings = {
        ...{ "http3": "", "tls-cert": path, "https-port": `${port}` },
        "max-connections-per-client": `${PER_CLIENT}`,
      };
      await onStage(program, { settings }, async (stage) => {
        await apply(stage, server.addr.port, new CertificateFiles([{ path, origin: "file" }], undefined));
        const enter = async (from?: string) => {
          const client = await H3Client.connect(port, HOST, authority, from);
          clients.push(client);
          return client;
        };
        const asked: Promise<unknown>[] = [];
        for (let at = 0; at < PER_CLIENT; at++) {
          const client = await enter();
          for (let stream = 0; stream < MOST_STREAMS; stream++) asked.push(client.get(HOST));
          await assert.rejects(client.get(HOST), RangeError, "HAProxy lets a client open no more streams");
        }
        await eventually(() => held === PER_CLIENT * MOST_STREAMS, { what: "its requests to be held" });
        // HAProxy ends the handshake of one too many, and closes it then, or while it is made.
        await assert.rejects(async () => await (await enter()).get(HOST));
        const other = (await enter("127.0.0.2")).get(HOST);
        await eventually(() => held === PER_CLIENT * MOST_STREAMS + 1, {
          what: "another client to be served",
        });
        assert.equal(held, PER_CLIENT * MOST_STREAMS + 1);
        over.resolve();
        assert.deepEqual(await other, { status: 200, body: "late" });
        await Promise.all(asked);
      });
    } finally {
      for (const client of clients) await client[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Applies one route, whose container holds what it is asked. */
async function apply(stage: Stage, port: number, files: CertificateFiles): Promise<void> {
  const decoded = decodeSnapshot(snapshotOf([{ port, data: { hostname: HOST } }]));
  assert.ok(decoded.ok);
  const { containers } = decoded.value;
  const seen = { containers, stopping: new Set<never>(), starting: new Set<never>() };
  const { design } = stage.routing;
  const { model } = design.build(seen, undefined, undefined, await files.read(NOW));
  await stage.apply({ desired: design.render(model), states: new Map() });
}
