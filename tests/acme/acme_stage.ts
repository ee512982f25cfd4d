/** What tests of fetching stand on: an authority, and signalbox with its haproxy in front of servers that routes name. */
import { join } from "node:path";
import { freePort, type RunningProgram, startProgram } from "../harness/program.ts";
import { type Authority, withAuthority } from "./authority.ts";

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
export interface AcmeStage extends Authority {
  readonly storage: string;
  /** Starts one that listens where the authority looks, unless said. */
  start(request?: {
    readonly flags?: readonly string[];
    readonly port?: number;
    readonly httpsPort?: number;
    readonly hosts?: readonly (string | readonly string[])[];
    readonly stateDir?: string;
  }): Promise<Fetching>;
}

/** A test of signalbox against a real authority, named by the sentence that it proves. */
export function acme(
  sentence: string,
  settings: Parameters<typeof withAuthority>[1],
  body: (stage: AcmeStage) => Promise<void>,
): void {
  withAuthority(sentence, settings, async (authority) => {
    const { folder, pebble, port, defer } = authority;
    const programs: RunningProgram[] = [];
    const storage = join(folder, "storage");
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response("served"),
    );
    defer(() => server.shutdown());
    let started = 0;
    const start: AcmeStage["start"] = async (
      { flags = [], port: own = port, httpsPort = freePort(), hosts = [], stateDir: given } = {},
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
      await route(...hosts);
      await Deno.writeTextFile(join(folder, "none.json"), "[]");
      const program = startProgram([
        ...["run", "--snapshot", join(folder, "none.json"), "--routes", routes, "--state-dir", stateDir],
        ...["--http-port", `${own}`, "--https-port", `${httpsPort}`, "--bind", "127.0.0.1"],
        ...["--acme-email", "me@example.com", "--acme-directory", pebble.directory, "--acme-ca", pebble.ca],
        ...["--acme-storage", storage, "--acme-unchecked", "--log-level", "debug", ...flags],
      ]);
      defer(() => program.stop().catch(() => program.kill("SIGKILL")));
      programs.push(program);
      return { program, port: own, httpsPort, stateDir, route, routeAll };
    };
    try {
      await body({ ...authority, storage, start });
    } catch (error) {
      for (const { lines } of programs) {
        console.error(lines.filter((line) => !/haproxy-printed|"debug"/.test(line)).slice(-60).join("\n"));
      }
      throw error;
    }
  });
}
