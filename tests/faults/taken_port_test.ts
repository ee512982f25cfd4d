/** A port for TCP that another program has costs the routes that want it, and nobody else anything. */
import assert from "node:assert/strict";
import { holding } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { errors, FaultStage } from "./stage.ts";

const tcp = (port: number) => ({ protocol: "tcp", listen_port: port });
const LEFT_OUT = { level: "warn", code: "refused", msg: holding("127.0.0.1:") };

/** Whether a port leads to the container: it answers over HTTP, as all of them do. */
const leads = async (port: number): Promise<boolean> =>
  (await httpGet({ port, host: "raw.example", limitMs: 10_000 })).status === 200;

Deno.test("at the first start it is left out, and served once the other program has gone", async () => {
  // Not one of the kernel's own, which somebody's connection may have in the moment in which it is free.
  const port = freePort();
  const other = Deno.listen({ hostname: "127.0.0.1", port });
  await using stage = await FaultStage.open({ host: "web.example" }, { host: "db.example", data: tcp(port) });
  const program = stage.start(["--tcp-ports", `${port}`]);
  await stage.answers("web.example");
  await stage.says(program, LEFT_OUT);
  assert.deepEqual(errors(program), []);
  other.close();
  program.kill("SIGHUP");
  await eventually(() => leads(port), { what: "the port to be served" });
  assert.equal((await stage.status()).notices.some(({ code }) => code === "refused"), false);
  assert.ok((await stage.status()).listeners.some((each) => each.port === port && each.protocol === "tcp"));
});

Deno.test("while it runs, hosts and other ports come and go as before", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const free = freePort();
  const web = { host: "web.example" };
  await using stage = await FaultStage.open(web);
  const program = stage.start(["--tcp-ports", `${port},${free}`]);
  await stage.answers("web.example");
  const { haproxy } = await stage.status();
  const taken = { host: "db.example", data: tcp(port) };
  await stage.want(web, taken, { host: "more.example" });
  await stage.says(program, LEFT_OUT);
  await stage.answers("more.example");
  await stage.want(web, taken, { host: "cache.example", data: tcp(free) }, { host: "most.example" });
  await stage.answers("most.example");
  await eventually(() => leads(free), { what: "the other port to be served" });
  const status = await stage.status();
  assert.deepEqual([status.trouble, status.haproxy.pid], [undefined, haproxy.pid]);
  assert.deepEqual(errors(program), []);
});

Deno.test("a container on the host's network is not sent its own connections", async () => {
  const port = freePort();
  await using stage = await FaultStage.open({ host: "web.example" });
  const inspected = JSON.parse(await Deno.readTextFile(`${stage.folder}/snapshot.json`));
  const [web] = inspected;
  const own = {
    ...web,
    Id: "d".repeat(64),
    Name: "/db",
    Config: {
      Hostname: "db.example",
      Env: [`INTERLOCK_DATA=${JSON.stringify({ hostname: "db.example", ...tcp(port) })}`],
      ExposedPorts: { [`${port}/tcp`]: {} },
    },
    HostConfig: { NetworkMode: "host" },
  };
  await stage.write("snapshot.json", JSON.stringify([web, own]));
  const program = stage.start(["--tcp-ports", `${port}`]);
  await stage.answers("web.example");
  await stage.says(program, { level: "warn", code: "own-listener", container: "db", msg: holding(port) });
});
