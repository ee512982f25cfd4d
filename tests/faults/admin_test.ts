/** The admin page of a signalbox that runs: off unless asked for, and true when it is there. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { parseMetrics } from "../report/prometheus.ts";
import { FaultStage } from "./stage.ts";

/** The TCP ports that a process listens on. */
async function listening(pid: number): Promise<number[]> {
  const sockets = new Set<string>();
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    sockets.add(await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => ""));
  }
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => Deno.readTextFile(`/proc/net/${name}`).catch(() => "")),
  );
  // Columns: number, local address, remote address, state (0A: listening), …, the tenth is the inode.
  const rows = tables.join("").split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(`socket:[${inode}]`))
    .map(([, local = ""]) => parseInt(local.split(":")[1] ?? "", 16));
}

Deno.test("signalbox listens on no TCP port of its own unless --admin asks for one", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const program = stage.start();
  await stage.answers("good.example");
  assert.deepEqual(await listening(program.pid), []);
});

Deno.test("--admin serves health, readiness, and the metrics of both, at the address that was named", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const port = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${port}`]);
  await stage.answers("good.example");
  const ask = (path: string) => httpGet({ port, path });
  await eventually(async () => (await ask("/readyz")).status === 200, { what: "/readyz to be 200" });
  assert.deepEqual(await listening(program.pid), [port]);
  assert.equal((await ask("/healthz")).status, 200);
  const { body } = await ask("/metrics");
  const names = new Set(parseMetrics(body).map(({ name }) => name));
  assert.ok(names.has("signalbox_routes"));
  assert.ok(names.has("haproxy_frontend_http_requests_total"), "HAProxy's own exporter is handed on");
  assert.equal((await ask("/hand-over")).status, 404);
});

Deno.test("HAProxy's metrics name a new host by its id, as they do once it has a section of its own", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const port = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${port}`]);
  await stage.answers("good.example");
  const answered = async (proxy: string) =>
    parseMetrics((await httpGet({ port, path: "/metrics" })).body).filter(({ name, labels }) =>
      name === "haproxy_backend_http_responses_total" && labels.code === "2xx" && labels.proxy === proxy
    ).map(({ value }) => value);
  await stage.want({ host: "good.example" }, { host: "new.example" });
  await stage.answers("new.example");
  await stage.get("new.example");
  assert.match(await stage.ask("show map hosts.map"), / new\.example\/ _spare_1\|/);
  // HAProxy answers a moment before signalbox knows that its commands are done.
  await eventually(async () => (await answered("new.example")).length > 0, { what: "the host's own name" });
  const [before = 0, ...others] = await answered("new.example");
  assert.ok(before >= 2, `${before} answers are counted`);
  assert.deepEqual([others, await answered("_spare_1")], [[], []]);
  program.kill("SIGHUP");
  await eventually(
    async () => (await stage.ask("show map hosts.map")).includes(" new.example/ new.example|"),
    {
      what: "a section of its own",
    },
  );
  await stage.answers("new.example");
  await eventually(async () => (await answered("_spare_1")).length === 1, { what: "the spare's own name" });
  assert.equal((await answered("new.example")).length, 1);
});

Deno.test("/readyz is 503 before the first config, and the sockets are their owner's alone", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const port = freePort();
  // A first start that can listen on nothing ends; one that follows another waits for its port.
  const before = stage.start();
  await stage.answers("good.example");
  await before.stop();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: stage.port });
  stage.start(["--admin", `127.0.0.1:${port}`]);
  await eventually(async () => (await httpGet({ port, path: "/readyz" })).status === 503, { what: "a 503" });
  taken.close();
  await eventually(async () => (await httpGet({ port, path: "/readyz" })).status === 200, {
    what: "a 200",
  });
  assert.equal(((await Deno.stat(stage.stateDir)).mode ?? 0) & 0o777, 0o700);
  for (const name of ["control.sock", "haproxy.sock", "master.sock", "metrics.sock"]) {
    assert.equal(((await Deno.stat(`${stage.stateDir}/${name}`)).mode ?? 0) & 0o777, 0o600, name);
  }
});

/** A GET at a unix socket, with the host that the client names. */
async function getAt(socket: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket }, allowHost: true });
  try {
    const response = await fetch(`http://signalbox.example.com${path}`, { client, headers });
    return new Response(await response.text(), response);
  } finally {
    client.close();
  }
}

Deno.test("--admin serves at a unix socket, for its user and group, and the next signalbox takes its place", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const socket = `${stage.folder}/admin.sock`;
  // What a crash has left behind is replaced.
  Deno.listen({ transport: "unix", path: socket }).close();
  const first = stage.start(["--admin", `unix:${socket}`]);
  await stage.answers("good.example");
  assert.equal(((await Deno.stat(socket)).mode ?? 0) & 0o777, 0o660);
  assert.deepEqual(await listening(first.pid), []);
  assert.match(await (await getAt(socket, "/")).text(), new RegExp(`pid ${first.pid},`));
  const second = stage.start(["--admin", `unix:${socket}`]);
  assert.equal(await first.exited, 0);
  await eventually(async () => (await (await getAt(socket, "/")).text()).includes(`pid ${second.pid},`), {
    what: "the next signalbox to answer at the socket",
  });
  await second.stop();
  await assert.rejects(Deno.stat(socket), Deno.errors.NotFound);
});

Deno.test("a socket that another program listens at is left to it", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const socket = `${stage.folder}/other.sock`;
  using _other = Deno.listen({ transport: "unix", path: socket });
  const program = stage.start(["--admin", `unix:${socket}`]);
  assert.equal(await program.exited, 1);
  const said = program.lines.filter((line) => line.startsWith("error: "));
  assert.equal(said.length, 1, program.lines.join("\n"));
  assert.match(said[0] ?? "", /--admin at .*other[.]sock/);
});

Deno.test("--admin-password-file lets in who knows a password, whatever the hash, and its change counts at once", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const bcrypt = "ann:$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";
  const sha = "bob:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA";
  const file = await stage.write("users", `${bcrypt}\n${sha}\n`);
  const port = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${port}`, "--admin-password-file", file]);
  await stage.answers("good.example");
  const ask = async (path: string, pair?: string) =>
    (await httpGet({
      port,
      path,
      headers: pair === undefined ? {} : { authorization: `Basic ${btoa(pair)}` },
    })).status;
  assert.equal(await ask("/healthz"), 200);
  assert.deepEqual([await ask("/"), await ask("/metrics"), await ask("/live")], [401, 401, 401]);
  assert.deepEqual([await ask("/", "ann:secret"), await ask("/metrics", "bob:secret")], [200, 200]);
  assert.deepEqual([await ask("/", "ann:Secret"), await ask("/", "eve:secret")], [401, 401]);
  await stage.write("users", `${sha}\n`);
  assert.deepEqual([await ask("/", "ann:secret"), await ask("/", "bob:secret")], [401, 200]);
  await program.stop();
});

Deno.test("a stranger who guesses passwords keeps out nobody who comes from another address", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const file = await stage.write("users", "bob:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n");
  const port = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${port}`, "--admin-password-file", file]);
  await stage.answers("good.example");
  const ask = async (address: string, pair: string) => {
    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address, "-u", pair]
        .concat(`http://127.0.0.1:${port}/`),
    }).output();
    return new TextDecoder().decode(stdout);
  };
  for (let at = 0; at < 10; at++) assert.equal(await ask("127.0.0.2", `bob:${at}`), "401");
  assert.equal(await ask("127.0.0.2", "bob:secret"), "429");
  assert.equal(await ask("127.0.0.3", "bob:secret"), "200");
  await program.stop();
});

Deno.test("a file of passwords that lets nobody in is wrong usage, and names no password", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const file = await stage.write("users", "ann:hunter2\n");
  const yescrypt = "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.";
  const other = await stage.write("yescrypt", `ann:${yescrypt}\n`);
  const refused = stage.start(["--admin", `127.0.0.1:${freePort()}`, "--admin-password-file", other]);
  assert.equal(await refused.exited, 2);
  // It says what is taken in its place.
  assert.match(refused.lines.join("\n"), /yescrypt.*\{SHA256\}.*bcrypt.*\$5\$, \$6\$.*\{SHA\}/);
  for (
    const flags of [["--admin", `127.0.0.1:${freePort()}`, "--admin-password-file", file], [
      "--admin-password-file",
      file,
    ]]
  ) {
    const program = stage.start(flags);
    assert.equal(await program.exited, 2);
    assert.ok(program.lines.some((line) => line.includes("--admin-password-file")), program.lines.join());
    assert.ok(!program.lines.join().includes("hunter2"));
  }
});
