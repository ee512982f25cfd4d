/** Hosts of one port of TLS that HAProxy ends, and that speak no HTTP, beside one whose TLS goes through. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { Echo } from "./echo.ts";
import { shakeHands } from "./handshake.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddBackends, onStage, programs, settled, type Stage } from "./stage.ts";
import { asked, askedByOpenssl, Talker, TlsSession, TlsTalker } from "./talker.ts";

/** What a test has: a port of TLS, and the port of HTTPS. */
type Play = {
  readonly stage: Stage;
  readonly port: number;
  readonly httpsPort: number;
  readonly apply: (...all: readonly Said[]) => Promise<string>;
  /** A host of the port whose TLS HAProxy ends. */
  readonly ended: (talker: { readonly port: number }, host: string, more?: Data) => Said;
  readonly passed: (talker: TlsTalker, host: string) => Said;
};
type Data = Readonly<Record<string, unknown>>;

const ROWS: Readonly<Record<string, (play: Play) => Promise<void>>> = {
  "hosts of both kinds share a port, and only the first whose TLS ends is a reload": async (
    { stage, port, apply, ended, passed },
  ) => {
    await using one = new Talker("one");
    await using two = new Talker("two");
    await using wild = new Talker("wild");
    await using whole = await TlsTalker.start("whole");
    await apply(passed(whole, "whole.local"));
    const first = [passed(whole, "whole.local"), ended(one, "one.local"), ended(wild, "*.local")];
    assert.equal(await apply(...first), "reload");
    const all = [...first, ended(two, "two.local")];
    assert.equal(await apply(...all), "runtime");
    const names = ["one.local", "two.local", "x.local", "whole.local", "one.local.evil", "local"];
    const answers = async () =>
      Object.fromEntries(await Promise.all(names.map(async (name) => [name, await asked(port, name)])));
    const wanted = {
      "one.local": "one",
      "two.local": "two",
      "x.local": "wild",
      "whole.local": "whole for whole.local",
      "one.local.evil": "refused",
      "local": "refused",
    };
    assert.deepEqual(await answers(), wanted);
    assert.equal(await askedByOpenssl(port, "One.Local"), "one");
    assert.equal(await asked(port), "refused");
    assert.match(
      (await shakeHands(port, "one.local", "-alpn", "postgresql")).said,
      /ALPN protocol: postgresql/,
    );
    using session = await TlsSession.open(port, "two.local");
    assert.equal(await session.say("hello"), "two: hello");
    // The last one goes, and comes back, while the other kind stays: no reload.
    assert.equal(await apply(passed(whole, "whole.local")), "runtime");
    assert.equal(await asked(port, "one.local"), "refused");
    assert.equal(await session.say("still there?"), "two: still there?");
    session[Symbol.dispose]();
    await settled(stage, want(stage.routing, snapshotOf([passed(whole, "whole.local")]), {}));
    assert.equal(await apply(...all), "runtime");
    assert.deepEqual(await answers(), wanted);
    await stage.replace();
    assert.equal(await apply(...all), "nothing");
    assert.equal(await asked(port, "two.local"), "two");
  },
  "what a route asks of its clients and its connections holds behind TLS that ends": async (
    { port, apply, ended },
  ) => {
    await using closed = new Talker("closed");
    await using told = new Talker("told");
    await using inside = await TlsTalker.start("inside");
    const from = (network: string) => [
      ended(closed, "closed.local", { allow_from: [network] }),
      ended(told, "told.local", {
        send_proxy: "v1",
        max_connections: 1,
        queue_timeout: 60_000,
        tunnel_timeout: 2_500,
      }),
      ended(inside, "*.inside.local", { ssl_backend: true }),
    ];
    await apply(...from("192.0.2.0/24"));
    assert.equal(await asked(port, "closed.local"), "refused");
    assert.equal(await apply(...from("127.0.0.0/8")), "runtime");
    assert.equal(await asked(port, "closed.local"), "closed");
    assert.equal(await asked(port, "x.inside.local"), "inside for x.inside.local");
    const first = await TlsSession.open(port, "told.local");
    const header = new RegExp(`^told: PROXY TCP4 127[.]0[.]0[.]1 127[.]0[.]0[.]1 \\d+ ${port}\r$`);
    assert.match(await first.line(), header);
    // One more waits until the first has been silent for too long.
    let isIn = false;
    const second = TlsSession.open(port, "told.local").then((session) => {
      isIn = true;
      return session;
    });
    assert.equal(await first.say("hello"), "told: hello");
    assert.equal(isIn, false);
    await assert.rejects(first.line());
    (await second)[Symbol.dispose]();
  },
  "the handshake decides: behind the socket, nobody gets to a host that is not for it": async (
    { stage, port, apply, ended, passed },
  ) => {
    await using open = new Talker("open");
    await using closed = new Talker("closed");
    await using whole = await TlsTalker.start("whole");
    await apply(
      ended(open, "open.local"),
      ended(closed, "closed.local", { allow_from: ["192.0.2.0/24"] }),
      passed(whole, "whole.local"),
    );
    const path = await eventually(() => socketOf(stage, port), { what: "the socket" });
    // As a front that was deceived about the host would: the first words are those of the PROXY protocol.
    const past = (host: string, from: string) =>
      TlsSession.open({ path, first: `PROXY TCP4 ${from} 127.0.0.1 4711 ${port}\r\n` }, host).then(
        (session) => {
          session[Symbol.dispose]();
          return session.greeting;
        },
        () => "refused",
      );
    assert.equal(await past("open.local", "198.51.100.1"), "open");
    assert.equal(await past("closed.local", "198.51.100.1"), "refused");
    assert.equal(await past("closed.local", "192.0.2.7"), "closed");
    assert.equal(await past("whole.local", "192.0.2.7"), "refused");
    assert.equal(await past("nobody.local", "192.0.2.7"), "refused");
    assert.equal((Deno.statSync(stage.stateDir).mode ?? 0) & 0o077, 0);
    assert.deepEqual(stage.report.troubles, []);
  },
  "on the port of HTTPS it stands beside hosts of HTTP": async ({ httpsPort, apply, ended }) => {
    await using echo = new Echo();
    await using mail = new Talker("mail");
    const web = { port: echo.port, data: { hosts: ["web.local", "in.mail.local"] } };
    const { listen_port: _, ...data } = ended(mail, "x").data as Record<string, unknown>;
    await apply(web);
    assert.equal(
      await apply(web, { port: mail.port, data: { ...data, hosts: ["mail.local", "*.mail.local"] } }),
      "reload",
    );
    const get = async (host: string) =>
      (await httpGet({ port: httpsPort, host, tls: true, limitMs: 15_000 })).status;
    assert.deepEqual(
      await Promise.all(["mail.local", "x.mail.local"].map((host) => asked(httpsPort, host))),
      [
        "mail",
        "mail",
      ],
    );
    assert.deepEqual(await Promise.all(["web.local", "in.mail.local", "nobody.local"].map(get)), [
      200,
      200,
      404,
    ]);
  },
};

/** The socket behind a port, by the name under which HAProxy listens. */
async function socketOf({ stateDir }: Stage, port: number): Promise<string | undefined> {
  const listening = await Deno.readTextFile("/proc/net/unix");
  const paths = listening.split("\n").map((line) => line.split(" ").at(-1) ?? "");
  return paths.find((path) => path.startsWith(stateDir) && path.includes(`/tls-${port}.sock`))
    ?.replace(/[.]sock.*$/, ".sock");
}

const chosen = programs.filter((program) =>
  /^(?:2\.6|3\.2)\b/.test(program.version) && !canAddBackends(program)
);
for (const program of chosen) {
  for (const [sentence, act] of Object.entries(ROWS)) {
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      const { path } = await certificate();
      const [port, httpsPort] = [freePort(), freePort()];
      const settings = { "tls-cert": path, "https-port": `${httpsPort}`, "tcp-ports": `${port}` };
      await onStage(program, { settings }, async (stage) => {
        const of = (host: string, more: Data = {}): Data => ({
          hostname: host,
          protocol: "tls",
          listen_port: port,
          ...more,
        });
        await act({
          stage,
          port,
          httpsPort,
          apply: async (...all) => (await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind,
          ended: ({ port }, host, more) => ({ port, data: of(host, { ssl_passthrough: false, ...more }) }),
          passed: ({ port }, host) => ({ port, data: of(host) }),
        });
      });
    });
  }
}
