/** A real haproxy on a rendered config whose backends have no servers: it says in headers what it decided. */
import type { Desired } from "../../lib/core/config/render.ts";
import { copyFiles } from "../../lib/haproxy/files/safe_files.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { withDefault } from "../../lib/cli/given_certificates.ts";
import { leadsInside } from "../../lib/core/values/listen.ts";

/** What became of a request. */
export type Decided = {
  readonly status: number;
  readonly location: string | undefined;
  /** The section that answered, and the id of the route. */
  readonly backend: string | undefined;
  readonly route: string | undefined;
  /** What a container would have got. */
  readonly path: string | undefined;
  readonly host: string | undefined;
};

/** What is asked. */
export type Question = {
  readonly isTls: boolean;
  readonly host: string;
  readonly target: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
};

const TELLS = [
  "route %[var(txn.id)]",
  "backend %[be_name]",
  "path %[var(txn.told_path)]",
  "host %[var(txn.told_host)]",
]
  .map((line) => `    http-after-response set-header X-Told-${line}`);
const NOTES = [
  "    http-request set-var(txn.told_path) pathq",
  "    http-request set-var(txn.told_host) req.fhdr(host)",
];

/** The config without servers, and with headers that tell. */
function telling(config: string): string {
  let section = "";
  return config.split("\n").flatMap((line) => {
    if (/^\S/.test(line) && !line.startsWith("#") && !line.startsWith(".")) section = line;
    const name = section.split(" ")[1] ?? "";
    const isRoute = section.startsWith("backend ") && (!name.startsWith("_") || name.startsWith("_.")) &&
      !section.includes("_tcp_base");
    if (isRoute && /^ {4}server /.test(line) && !leadsInside(name)) return [];
    if (line === "frontend _web") return [line, ...TELLS];
    return isRoute && line === section ? [line, ...NOTES] : [line];
  }).join("\n");
}

/** Such a haproxy, in a folder of its own. */
export class BareHaproxy implements AsyncDisposable {
  private constructor(readonly folder: string, readonly process: Deno.ChildProcess, readonly ports: Ports) {}

  /** Starts it; comes back when it listens. */
  static async start(
    program: string,
    { files, certificates }: Pick<Desired, "files" | "certificates">,
    ports: Ports,
    env: Readonly<Record<string, string>> = {},
  ): Promise<BareHaproxy> {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-bare-" });
    const told = new Map(
      [...files].map(([name, text]) => [name, name === "haproxy.cfg" ? telling(text) : text]),
    );
    const set = certificates === undefined ? undefined : await withDefault(certificates);
    copyFiles({ files: told, certificates: set }, `${folder}/haproxy.cfg`, "links");
    const process = new Deno.Command(program, {
      args: ["-db", "-f", `${folder}/haproxy.cfg`],
      env: { SIGNALBOX_STATS_PASSWORD: "correct horse battery staple", ...env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const haproxy = new BareHaproxy(folder, process, ports);
    const ended = new Response(process.stderr).text();
    const isUp = () =>
      httpGet({ port: ports.http, path: "/haproxy?monitor" }).then(() => true, () => undefined);
    const died = ended.then((said) => {
      throw new Error(`haproxy ended: ${said}`);
    });
    // It is killed in the end.
    died.catch(() => undefined);
    await Promise.race([died, eventually(isUp, { what: "haproxy to listen" })]);
    return haproxy;
  }

  async ask({ isTls, host, target, method, headers }: Question): Promise<Decided> {
    const port = isTls ? this.ports.https : this.ports.http;
    const answer = await httpGet({ port, host, path: target, method, headers, tls: isTls });
    const told = (name: string) => answer.headers[`x-told-${name}`] || undefined;
    return {
      status: answer.status,
      location: answer.headers["location"],
      route: told("route"),
      backend: told("backend"),
      path: told("path"),
      host: told("host"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.status;
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Where it listens. */
export type Ports = { readonly http: number; readonly https: number };
