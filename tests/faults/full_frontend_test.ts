/** Clients that have all connections of HAProxy: what the administrator watches it by answers all the same. */
import assert from "node:assert/strict";
import { called, programs } from "../haproxy/stage.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { eventually } from "../harness/eventually.ts";
import { parseMetrics } from "../report/prometheus.ts";
import { FaultStage } from "./stage.ts";

const HOST = "good.example";
const CONNECTIONS = 40;

for (const program of programs.filter(({ addsBackends }) => !addsBackends)) {
  Deno.test(`${called(program)}: slow clients with all connections hide neither metrics nor the monitor`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const port = freePort();
    // As behind a proxy, where all clients are one.
    const limits = ["--max-connections", `${CONNECTIONS}`, "--max-connections-per-client", "0"];
    stage.start(["--haproxy", program.path, "--admin", `127.0.0.1:${port}`, ...limits]);
    await stage.answers(HOST);
    const ask = (path: string) => httpGet({ port, path });
    const connected = async () => {
      const sample = parseMetrics((await ask("/metrics")).body).find(({ name, labels }) =>
        name === "haproxy_frontend_current_sessions" && labels.proxy === "_web"
      );
      return sample?.value;
    };
    const slow: Deno.Conn[] = [];
    const leave = () => slow.splice(0).forEach((connection) => connection.close());
    stage.defer(leave);
    // The last wait in the kernel's queue.
    for (let count = 0; count < CONNECTIONS + 10; count++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: stage.port });
      slow.push(connection);
      const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 100\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
    }
    await eventually(async () => await connected() === CONNECTIONS, { what: "all connections to be taken" });
    await assert.rejects(httpGet({ port: stage.port, host: HOST, limitMs: 500 }), "nobody else is let in");
    assert.equal((await ask("/haproxy?monitor")).status, 200);
    assert.equal((await ask("/readyz")).status, 200);
    assert.equal((await ask("/healthz")).status, 200);
    assert.equal(await connected(), CONNECTIONS);
    leave();
    await stage.answers(HOST);
    assert.equal((await httpGet({ port: stage.port, path: "/haproxy?monitor" })).status, 200);
  });
}
