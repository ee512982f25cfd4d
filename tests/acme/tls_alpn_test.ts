/** Certificates where authorities find nobody at port 80: they look at the port of HTTPS (RFC 8737). */
import assert from "node:assert/strict";
import { askUntilEnd } from "../harness/asking.ts";
import { eventsOf } from "../harness/events.ts";
import { haproxies } from "../harness/haproxies.ts";
import { eventually, freePort, httpGet, type RunningProgram } from "../harness/program.ts";
import { acme } from "./acme_stage.ts";

/** The oldest one, and the one that most people are to have next. */
const programs = (await haproxies()).filter(({ version }) => /^(?:2[.]6|3[.]2)[.]/.test(version));

/** What a client sees that names a host, and one protocol: issuer, subject, and which protocol was chosen. */
async function handshake(port: number, host: string, protocol: string): Promise<string> {
  const script =
    `openssl s_client -connect 127.0.0.1:${port} -servername ${host} -alpn ${protocol} </dev/null 2>&1`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return new TextDecoder().decode(stdout);
}

const fetchedHosts = ({ lines }: RunningProgram): string[] =>
  eventsOf(lines, "certificate-fetched").flatMap((event) => event["hosts"] as string[]);

/** Waits until each host was certified so often. */
const certified = (program: RunningProgram, hosts: readonly string[], times: number) =>
  eventually(() => {
    const all = fetchedHosts(program);
    return hosts.every((host) => all.filter((one) => one === host).length >= times);
  }, { what: `${times} certificates of each host`, limitMs: 90_000 });

for (const { version, path } of programs) {
  acme(
    `HAProxy ${version}: hosts have their first and their next certificate though port 80 is closed, and no request fails`,
    { lifetimeSeconds: 8 },
    async ({ start, tlsPort, pebble, storage }) => {
      // More hosts than HAProxy has files for answers, some of them in one order.
      const many = Array.from({ length: 9 }, (_, at) => `h${at}.example.com`);
      const others = ["web.example.com", "www.example.com"];
      const { program } = await start({
        hosts: [many, ...others],
        port: freePort(),
        httpsPort: tlsPort,
        flags: ["--haproxy", path, "--acme-challenge", "tls-alpn-01"],
      });
      await eventually(
        async () => (await httpGet({ port: tlsPort, host: "web.example.com", tls: true })).status === 200,
        { what: "the host", limitMs: 30_000 },
      );
      const load = askUntilEnd({ port: tlsPort, host: "web.example.com", tls: true }, 4);
      await certified(program, [...many, ...others], 2);
      const seen = await load.end();
      assert.deepEqual(Object.keys(seen), ["200"]);
      assert.deepEqual(eventsOf(program.lines, "certificate-failed"), []);
      assert.equal(eventsOf(program.lines, "reloaded").length, 1, "only the first load");
      assert.deepEqual(eventsOf(program.lines, "drifted"), []);
      assert.deepEqual(eventsOf(program.lines, "config-warned"), []);
      assert.doesNotMatch(pebble.lines.join("\n"), /http-01/);
      assert.match(await handshake(tlsPort, "web.example.com", "h2"), /ALPN protocol: h2/);
      assert.match(await handshake(tlsPort, "web.example.com", "h2"), /issuer=.*Pebble/);
      for (const host of ["nobody.example.com", "signalbox.example.com"]) {
        assert.match(await handshake(tlsPort, host, "acme-tls/1"), /unrecognized name/, host);
      }
      // No key of an answer lies with the certificates that are kept.
      const names = (await Array.fromAsync(Deno.readDir(`${storage}/certificates`))).map(({ name }) => name);
      assert.deepEqual(names.filter((name) => name.includes("answer")), []);
    },
  );
}

/** A port at which connections wait until the gate is opened, and are led on from then. */
function openLater(port: number, to: number): { readonly open: () => void; readonly end: () => void } {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  void (async () => {
    for await (const client of listener) {
      void (async () => {
        await promise;
        const server = await Deno.connect({ hostname: "127.0.0.1", port: to });
        await Promise.all([client.readable.pipeTo(server.writable), server.readable.pipeTo(client.writable)]);
      })().catch(() => undefined);
    }
  })();
  return { open, end: () => listener.close() };
}

acme(
  "a signalbox that is killed while it is asked leaves no answer behind: the next one goes on, without a reload",
  {},
  async ({ start, tlsPort, defer }) => {
    const httpsPort = freePort();
    // The authority has asked, and has no answer yet, for as long as this takes.
    const gate = openLater(tlsPort, httpsPort);
    defer(gate.end);
    const flags = ["--acme-challenge", "tls-alpn-01"];
    const at = { hosts: ["killed.example.com"], port: freePort(), httpsPort, flags };
    const first = await start(at);
    const isAnswered = async () =>
      /signalbox tls-alpn-01/.test(await handshake(httpsPort, "killed.example.com", "acme-tls/1"));
    await eventually(isAnswered, { what: "the answer", limitMs: 30_000 });
    first.program.kill("SIGKILL");
    await first.program.exited;
    assert.ok(await isAnswered(), "HAProxy goes on");
    const second = await start({ ...at, stateDir: first.stateDir });
    gate.open();
    await certified(second.program, at.hosts, 1);
    await eventually(async () => !await isAnswered(), { what: "no answer any more" });
    assert.deepEqual(eventsOf(second.program.lines, "certificate-failed"), []);
    assert.deepEqual(eventsOf(second.program.lines, "reloaded"), []);
  },
);
