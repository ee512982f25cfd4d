/** TLS to containers that is checked by authorities of one's own, and shows them a certificate, against openssl as the server. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { makeAuthority, signed } from "../certificates/authorities.ts";
import { NOW } from "../certificates/files.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { freePort } from "../harness/ports.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, type Stage } from "./stage.ts";

const NAME = "api.internal";

/** A server that wants to be asked for its name, and to be shown a certificate by the authority `proxies`. */
class Server implements AsyncDisposable {
  readonly port = freePort();
  readonly #process: Deno.ChildProcess;

  constructor(folder: string, certificate: string) {
    const own = `${folder}/${certificate}`;
    this.#process = new Deno.Command("openssl", {
      args: [
        ...["s_server", "-accept", `127.17.9.1:${this.port}`, "-www", "-quiet"],
        ...["-cert", own, "-key", own, "-cert2", own, "-key2", own],
        ...["-servername", NAME, "-servername_fatal"],
        ...["-CAfile", `${folder}/proxies.crt`, "-Verify", "2", "-verify_return_error"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

for (const program of programs.filter(canAddServers)) {
  Deno.test(`${called(program)}: a container is checked by authorities of one's own and shown a certificate, without a reload`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const [made, cas, certs] = ["made", "cas", "certs"].map((name) => `${folder}/${name}`) as [
        string,
        string,
        string,
      ];
      for (const each of [made, cas, certs]) await Deno.mkdir(each);
      await Deno.writeTextFile(`${cas}/internal.pem`, await makeAuthority(made, "internal", "/CN=Internal"));
      await Deno.writeTextFile(`${cas}/other.pem`, await makeAuthority(made, "other", "/CN=Other"));
      await makeAuthority(made, "proxies", "/CN=Proxies");
      await Deno.copyFile(await signed(made, "proxy", { by: "proxies" }), `${certs}/proxy.pem`);
      await signed(made, "server", { by: "internal", names: [NAME] });
      await using server = new Server(made, "server.pem");
      const files = new CertificateFiles([
        { path: cas, origin: "backend-ca" },
        { path: certs, origin: "backend-cert" },
      ], undefined);
      const apply = async (stage: Stage, all: Readonly<Record<string, object>>) => {
        const hosts = Object.entries(all);
        const said = hosts.map(([hostname, data]) => ({ port: server.port, data: { hostname, ...data } }));
        const decoded = decodeSnapshot(snapshotOf(said));
        assert.ok(decoded.ok);
        const { containers } = decoded.value;
        const seen = { containers, stopping: new Set<never>(), starting: new Set<never>() };
        const { design } = stage.routing;
        const { model, notices } = design.build(seen, undefined, undefined, await files.read(NOW));
        const { plan } = await stage.apply({ desired: design.render(model), states: new Map() });
        return { kind: plan.kind, notices: notices.map(({ message }) => message) };
      };
      const settings = { "backend-ca": cas, "backend-cert": certs };
      await onStage(program, { settings }, async (stage) => {
        const ask = async (host: string) => (await httpGet({ port: stage.httpPort, host })).status;
        const answers = (host: string) =>
          eventually(async () => await ask(host) === 200, { what: `${host} to answer` });
        const good = {
          ssl_backend: true,
          ssl_backend_ca: "internal",
          ssl_backend_cert: "proxy.pem",
          ssl_backend_sni: NAME,
        };
        const { ssl_backend_cert: _cert, ...unshown } = good;
        const { ssl_backend_sni: _sni, ...unnamed } = good;
        await apply(stage, {});
        const all = {
          "good.test": good,
          "other.test": { ...good, ssl_backend_ca: "other" },
          "unshown.test": unshown,
          "unnamed.test": unnamed,
        };
        assert.deepEqual(await apply(stage, all), { kind: "runtime", notices: [] });
        await answers("good.test");
        // A server of TLS 1.3 refuses a client once that takes the handshake for done.
        for (const host of Object.keys(all).slice(1)) {
          assert.ok([502, 503].includes(await ask(host)), host);
        }
        assert.deepEqual(await stage.applier.audit(), []);

        const { notices } = await apply(stage, {
          ...all,
          "none.test": { ...good, ssl_backend_ca: "nobody" },
        });
        assert.match(
          notices.join(),
          /"nobody" is no file of --backend-ca, expected one of internal\.pem, other\.pem/,
        );
        assert.equal(await ask("none.test"), 404);
        assert.equal(stage.generation(), 1, "it was loaded once");

        // What a reload brings is the same.
        const more = { ...all, "good.test": { ...good, check_interval: 1_000 } };
        assert.equal((await apply(stage, more)).kind, "reload");
        await answers("good.test");
        assert.deepEqual(await stage.applier.audit(), []);
        assert.equal((await apply(stage, more)).kind, "nothing");
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
