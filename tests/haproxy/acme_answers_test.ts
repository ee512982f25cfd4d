/** Authorities that look at the port of HTTPS (RFC 8737): what they are answered, beside others that have hosts of that port. */
import assert from "node:assert/strict";
import { makeSelfSigned, readSelfSigned } from "../../lib/certificates/self_signed.ts";
import { TlsAlpn } from "../../lib/acme/tls_alpn.ts";
import { systemClock } from "../../lib/clock.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { NOW } from "../certificates/files.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { clientHello } from "./client_hello.ts";
import { shakeHands } from "./handshake.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, type Stage } from "./stage.ts";
import { asked, Talker, TlsTalker } from "./talker.ts";

const selfSigned = readSelfSigned(await makeSelfSigned(NOW), NOW);
const ACME = "acme-tls/1";
const OURS = /O ?= ?signalbox tls-alpn-01/;

/** What a test has: the port of HTTPS, another one of TLS, and a way to have a host proven. */
type Play = {
  readonly httpsPort: number;
  readonly tcpPort: number;
  readonly apply: (all: readonly Said[], hosts: readonly string[]) => Promise<void>;
};

for (const program of programs.filter(canAddServers)) {
  const test = (
    sentence: string,
    act: (play: Play) => Promise<void>,
    more: Readonly<Record<string, string>> = {},
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      const { path } = await certificate();
      const storage = await Deno.makeTempDir();
      const [httpsPort, tcpPort] = [freePort(), freePort()];
      const settings = {
        "tls-cert": path,
        "https-port": `${httpsPort}`,
        "tcp-ports": `${tcpPort}`,
        "max-connections": "700",
        "max-connections-per-client": "600",
        "acme-email": "a@example.com",
        "acme-challenge": "tls-alpn-01",
        "acme-storage": storage,
        ...more,
      };
      const ending = new AbortController();
      const proving: Promise<unknown>[] = [];
      const apply = async (stage: Stage, all: readonly Said[], hosts: readonly string[]) => {
        const alpn = new TlsAlpn(systemClock);
        for (const host of hosts) {
          proving.push(alpn.present(host, "a.b", ending.signal).catch(() => undefined));
        }
        const decoded = decodeSnapshot(snapshotOf(all));
        assert.ok(decoded.ok);
        const { design, certificates } = stage.routing;
        // The keys of the answers are made first.
        const found = await eventually(() => {
          const found = alpn.beside({ ...certificates, selfSigned });
          return found.answers?.size === hosts.length ? found : undefined;
        }, { what: "the answers" });
        const { model } = design.build(decoded.value, undefined, undefined, found);
        const servers = model.backends.flatMap((backend) => backend.servers);
        await stage.apply({
          desired: design.render(model),
          states: new Map(servers.map(({ name }) => [name, "ready"] as const)),
        });
      };
      try {
        await onStage(
          program,
          { settings },
          (stage) => act({ httpsPort, tcpPort, apply: (all, hosts) => apply(stage, all, hosts) }),
        );
      } finally {
        ending.abort();
        await Promise.all(proving);
        await Deno.remove(storage, { recursive: true });
      }
    });

  test(
    "an authority is answered for each host whose TLS HAProxy ends, whoever has the hosts around it",
    async ({ httpsPort, tcpPort, apply }) => {
      await using wild = await TlsTalker.start("wild");
      await using whole = await TlsTalker.start("whole");
      await using talker = new Talker("talker");
      const ended = (hostname: string, listen_port: number): Said => ({
        port: talker.port,
        data: {
          hostname,
          protocol: "tls",
          listen_port,
          ssl_passthrough: false,
          allow_from: ["192.0.2.0/24"],
        },
      });
      const passed = ({ port }: TlsTalker, hostname: string): Said => ({
        port,
        data: { hostname, ssl_passthrough: true },
      });
      const all = [
        ...[passed(wild, "*.local"), passed(whole, "whole.local")],
        ...[ended("other.local", tcpPort), ended("here.local", httpsPort), ended("*.mqtt.test", httpsPort)],
        ...[ended("below.mqtt.test", tcpPort), ended("whole.local", tcpPort)],
      ];
      const hosts = ["other.local", "here.local", "below.mqtt.test", "whole.local"];
      await apply(all, hosts);
      for (const host of hosts.slice(0, 3)) {
        assert.match((await shakeHands(httpsPort, host, "-alpn", ACME)).said, OURS, host);
      }
      // What goes through, goes through whatever it speaks.
      for (const host of ["whole.local", "x.local"]) {
        assert.doesNotMatch((await shakeHands(httpsPort, host, "-alpn", ACME)).said, OURS, host);
      }
      assert.equal(await asked(httpsPort, "other.local"), "wild for other.local");
      assert.equal(await asked(httpsPort, "here.local"), "refused");
      // Nobody is told of a host that is not being proven.
      assert.match((await shakeHands(httpsPort, "web.test", "-alpn", ACME)).said, /unrecognized name/);
    },
  );

  test(
    "one client that holds connections of authorities leaves others room, and has lost them soon",
    async ({ httpsPort, apply }) => {
      await apply([], ["a.test"]);
      const holding = await hold(httpsPort);
      assert.ok(holding.held > 0 && holding.held <= 32, `${holding.held} are held`);
      const { said } = await shakeHands(httpsPort, "a.test", "-alpn", ACME, "-bind", "127.0.0.2");
      assert.match(said, OURS);
      await holding.end();
    },
  );

  test(
    "one client has its share of those also by an address that has a proxy's in it",
    async ({ httpsPort, apply }) => {
      await apply([], ["a.test"]);
      // Of 6to4, of ::/96, and one of the balancer's network, which is no balancer here.
      for (const client of ["2002:a09:1::1", "::10.9.0.1", "127.0.0.1"]) {
        const family = client.includes(":") ? `TCP6 ${client} ::1` : `TCP4 ${client} 127.0.0.1`;
        const holding = await hold(httpsPort, `PROXY ${family} 4711 443\r\n`);
        assert.ok(holding.held > 0 && holding.held <= 32, `${client} holds ${holding.held}`);
        await holding.end();
      }
    },
    { "proxy-protocol": "127.0.0.1", "trusted-proxies": "10.9.0.0/16" },
  );
}

/** Opens many connections as an authority does, and tells how many of them are answered. */
async function hold(port: number, before = "") {
  const hello = [...new TextEncoder().encode(before), ...clientHello("a.test", ACME)];
  const holding = { held: 0, end };
  const connections = await Promise.all(Array.from({ length: 300 }, async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new Uint8Array(hello));
    const buffer = new Uint8Array(4_096);
    const isAnswered = await connection.read(buffer).catch(() => null) !== null;
    if (isAnswered) holding.held++;
    const gone = isAnswered
      ? connection.read(buffer).then(() => holding.held--, () => holding.held--)
      : Promise.resolve();
    return { connection, gone };
  }));
  async function end() {
    await eventually(() => holding.held === 0 || undefined, {
      what: "the end of all of them",
      limitMs: 20_000,
    });
    for (const { connection, gone } of connections) {
      await gone;
      connection.close();
    }
  }
  return holding;
}
