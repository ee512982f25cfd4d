/** With 1,024 descriptors, and all that others can make signalbox hold, it routes on and answers who asks. */
import assert from "node:assert/strict";
import { engineNow, FakeEngine } from "../docker/fake_engine.ts";
import { tellConnected } from "../docker/watch.ts";
import { askControl } from "../../lib/report/control_socket.ts";
import { DESCRIPTOR_SHARES, FEWEST_DESCRIPTORS } from "../../lib/core/policy/descriptor_shares.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet, program } from "../harness/program.ts";

async function countDescriptors(pid: number): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
}

Deno.test("with 1,024 descriptors and every share of them held by others, a new host is served, and who asks is answered", async () => {
  await using fake = await FakeEngine.start();
  await using server = Deno.serve(
    { hostname: "0.0.0.0", port: 0, onListen: () => undefined },
    () => new Response("good"),
  );
  const run = (digits: string, address: string, port: number) => {
    const id = fake.run(digits, {
      Hostname: `c${digits}.example.com`,
      ExposedPorts: { [`${port}/tcp`]: {} },
    });
    Object.assign(fake.containers.get(id) ?? {}, {
      NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: address } } },
    });
    return id;
  };
  run("a1", "127.20.0.2", server.addr.port);
  const stateDir = await Deno.makeTempDir({ prefix: "sbf-" });
  const [port, httpsPort, admin] = [freePort(), freePort(), freePort()];
  const words = [
    "run",
    "--docker-host",
    `unix://${fake.path}`,
    "--state-dir",
    stateDir,
    "--bind",
    "127.0.0.1",
  ];
  const flags = ["--http-port", `${port}`, "--https-port", `${httpsPort}`, "--admin", `127.0.0.1:${admin}`];
  const [command, ...before] = program();
  await using child = new Deno.Command(command, {
    args: [...before, ...words, ...flags, "--max-connections", "100"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const answers = (host: string) =>
    eventually(async () => (await httpGet({ port, host })).status === 200, { what: host });
  const silent: Deno.Conn[] = [];
  const never = Promise.withResolvers<Response>();
  try {
    await answers("ca1.example.com");
    // What connections to containers hold at most is taken away: the rest has to do. HAProxy has as many as before.
    const { probes, watches, answers: unlisted, admin: asked, control, earlyInspects } = DESCRIPTOR_SHARES;
    const rest = FEWEST_DESCRIPTORS - probes - watches - unlisted;
    const limit = `--nofile=${rest}:`;
    await new Deno.Command("prlimit", { args: ["--pid", `${child.pid}`, limit] }).output();
    for (let count = 0; count < 100; count++) {
      silent.push(await Deno.connect({ port: admin }));
      silent.push(await Deno.connect({ transport: "unix", path: `${stateDir}/control.sock` }));
    }
    // Starts that the engine does not answer for: as many questions wait as may.
    const hanging = new Set(Array.from({ length: 200 }, (_, at) => `${2_000 + at}`.padEnd(64, "0")));
    fake.answer = (path) =>
      hanging.has(path.split("/")[2] ?? "") ? never.promise.then((answer) => answer.clone()) : undefined;
    for (const id of hanging) tellConnected(fake, id, engineNow());
    await eventually(async () => await countDescriptors(child.pid) > asked + control + earlyInspects, {
      what: "the shares to be held",
    });
    assert.ok(await countDescriptors(child.pid) < rest - DESCRIPTOR_SHARES.engines);
    fake.tell("start", run("b2", "127.20.0.3", server.addr.port));
    await answers("cb2.example.com");
    await eventually(async () => (await httpGet({ port: admin, path: "/readyz" })).status === 200, {
      what: "/readyz to be 200",
    });
    await eventually(
      async () => /^signalbox_routes 2$/m.test((await httpGet({ port: admin, path: "/metrics" })).body),
      { what: "metrics of both routes" },
    );
    assert.notEqual(await askControl(stateDir, "GET", "/status"), undefined);
  } finally {
    never.resolve(Response.json({ message: "gone" }, { status: 404 }));
    silent.forEach((connection) => connection.close());
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(stateDir, { recursive: true });
  }
});
