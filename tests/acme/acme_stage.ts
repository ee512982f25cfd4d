/** What tests of fetching stand on: an authority, and signalbox with its haproxy in front of servers that routes name. */
import { join } from "node:path";
import { freePort, type RunningProgram, startProgram } from "../harness/program.ts";
import { noPebble, type Pebble, type PebbleSettings, startPebble } from "../harness/pebble.ts";

/** A signalbox that fetches certificates. */
export interface Fetching {
  readonly program: RunningProgram;
  readonly port: number;
  readonly httpsPort: number;
  readonly stateDir: string;
  /** Replaces the hosts that are routed; all lead to one server. */
  route(...hosts: readonly (string | readonly string[])[]): Promise<void>;
  /** The same for routes with all their keys. */
  routeAll(routes: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

/** One test's stage. */
export interface AcmeStage {
  readonly folder: string;
  readonly pebble: Pebble;
  /** Where the authority looks at hosts. */
  readonly port: number;
  readonly storage: string;
  /** Starts one that listens where the authority looks, unless said. */
  start(request?: {
    readonly flags?: readonly string[];
    readonly port?: number;
    readonly hosts?: readonly (string | readonly string[])[];
    readonly stateDir?: string;
  }): Promise<Fetching>;
  /** Has something ended with the test, the last first. */
  defer(end: () => unknown): void;
}

/** A test against a real authority, named by the sentence that it proves; ignored where there is none. */
export function acme(
  sentence: string,
  settings: Omit<PebbleSettings, "httpPort">,
  body: (stage: AcmeStage) => Promise<void>,
): void {
  Deno.test({
    name: sentence,
    ignore: noPebble !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "sba-" });
      const port = freePort();
      const pebble = await startPebble({ ...settings, httpPort: port });
      const ends: (() => unknown)[] = [
        () => pebble[Symbol.asyncDispose](),
        () => Deno.remove(folder, { recursive: true }),
      ];
      const programs: RunningProgram[] = [];
      const storage = join(folder, "storage");
      const server = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen: () => {} },
        () => new Response("served"),
      );
      ends.unshift(() => server.shutdown());
      let started = 0;
      const start: AcmeStage["start"] = async (
        { flags = [], port: own = port, hosts = [], stateDir: given } = {},
      ) => {
        const stateDir = given ?? join(folder, `state${started}`);
        started++;
        const routes = join(folder, `routes${started}.json`);
        const routeAll: Fetching["routeAll"] = async (list) => {
          const servers = [`127.0.0.1:${server.addr.port}`];
          await Deno.writeTextFile(`${routes}.new`, JSON.stringify(list.map((one) => ({ ...one, servers }))));
          await Deno.rename(`${routes}.new`, routes);
        };
        const route: Fetching["route"] = (...hosts) =>
          routeAll(
            hosts.map((names) => typeof names === "string" ? [names] : names).map((
              [hostname, ...aliases],
            ) => ({
              hostname,
              ...aliases.length > 0 && { alias_domains: aliases },
            })),
          );
        const httpsPort = freePort();
        await route(...hosts);
        await Deno.writeTextFile(join(folder, "none.json"), "[]");
        const program = startProgram([
          ...["run", "--snapshot", join(folder, "none.json"), "--routes", routes, "--state-dir", stateDir],
          ...["--http-port", `${own}`, "--https-port", `${httpsPort}`, "--bind", "127.0.0.1"],
          ...["--acme-email", "me@example.com", "--acme-directory", pebble.directory, "--acme-ca", pebble.ca],
          ...["--acme-storage", storage, "--acme-unchecked", "--log-level", "debug", ...flags],
        ]);
        ends.unshift(() => program.stop("SIGTERM", 8_000).catch(() => program.kill("SIGKILL")));
        programs.push(program);
        return { program, port: own, httpsPort, stateDir, route, routeAll };
      };
      try {
        await body({ folder, pebble, port, storage, start, defer: (end) => void ends.unshift(end) });
      } catch (error) {
        for (const { lines } of programs) {
          console.error(lines.filter((line) => !/haproxy-printed|"debug"/.test(line)).slice(-60).join("\n"));
        }
        throw error;
      } finally {
        for (const end of ends) await end();
      }
    },
  });
}
