import { lookup } from "node:dns/promises";
import process from "node:process";
import { messageOf } from "../../core/values/message_of.ts";
import { type IpAddress, parseIp } from "../../core/values/names.ts";
import type { Clock } from "../../ports.ts";
import type { EngineAddress } from "../../core/snapshot/snapshot.ts";
import type { EngineTls, EngineTransport } from "./modem.ts";

/** How TLS is spoken to an engine: as the environment says it to Docker's own tools, or by files of its own. */
export type TlsSettings = { readonly isVerified: boolean; readonly certPath: string | undefined } | TlsFiles;

/** The paths of an engine's own files: of its authority, the system's ones where none is named, and of the client's. */
export type TlsFiles = {
  readonly ca: string | undefined;
  readonly client: { readonly cert: string; readonly key: string } | undefined;
};

/** An engine that is to be followed, and how TLS is spoken to it. */
export type EngineHost = { readonly url: string; readonly tls: TlsSettings };

/** How the containers of the engine at a URL are reached; a name is looked up. Throws where it is not known. */
export async function engineAddressOf(url: string): Promise<EngineAddress> {
  if (url.startsWith("unix:")) return { address: "127.0.0.1" as IpAddress, isLocal: true };
  const hostname = new URL(url.replace(/^(?:tcp|ssh):/, "http:")).hostname.replace(/^\[|\]$/g, "");
  const address = await resolveAddress(hostname);
  const isLocal = !url.startsWith("ssh:") && (address.startsWith("127.") || address === "::1");
  return { address, isLocal };
}

/** The IP address of a host by name, or the address itself. Throws where the name is not known. */
export async function resolveAddress(name: string): Promise<IpAddress> {
  const given = parseIp(name);
  if (given.ok) return given.value;
  // Deno 2.6 warns of a module of Node's that its own lookup loads, in the midst of our log.
  Object.assign(process, { noDeprecation: true });
  const found = parseIp((await lookup(name)).address);
  if (!found.ok) throw new Error(`${name} has no address`);
  return found.value;
}

/** What ssh is run with. */
export type SshParts = {
  /** Where the engine's socket is put. */
  readonly folder: () => Promise<string>;
  readonly clock: Clock;
};

/** Prepares the way to an engine: reads TLS files, or has ssh forward its socket into the folder until the signal. */
export async function openTransport(
  url: string,
  tls: TlsSettings,
  ssh: SshParts,
  signal: AbortSignal,
): Promise<EngineTransport> {
  if (url.startsWith("unix://")) return { kind: "unix", path: url.slice("unix://".length) };
  if (url.startsWith("ssh://")) return await forwardBySsh(url, ssh, signal);
  const isTls = "ca" in tls || tls.isVerified || url.startsWith("https://");
  const base = url.replace(/^(?:tcp|https?):/, isTls ? "https:" : "http:").replace(/\/$/, "");
  return { kind: "tcp", url: base, tls: isTls ? await readTls(tls) : undefined };
}

async function readTls(tls: TlsSettings): Promise<EngineTls | undefined> {
  if ("ca" in tls) return await readOwnTls(tls);
  const { certPath } = tls;
  if (certPath === undefined) return undefined;
  const read = (name: string) => Deno.readTextFile(`${certPath}/${name}`).catch(() => undefined);
  const [ca, cert, key] = await Promise.all([read("ca.pem"), read("cert.pem"), read("key.pem")]);
  if (ca === undefined) {
    throw new Error(`cannot read ${certPath}/ca.pem, expected the certificate of the engine's authority`);
  }
  return { ca, ...(cert !== undefined && key !== undefined ? { cert, key } : {}) };
}

/** What a line of the file of engines names has to be there. */
async function readOwnTls({ ca, client }: TlsFiles): Promise<EngineTls> {
  const read = (path: string, what: string) =>
    Deno.readTextFile(path).catch((error) => {
      throw new Error(`cannot read ${path} (${messageOf(error)}), expected ${what}`);
    });
  return {
    ...ca !== undefined && { ca: await read(ca, "the certificate of the engine's authority") },
    ...client !== undefined && {
      cert: await read(client.cert, "the client's certificate"),
      key: await read(client.key, "the client's key"),
    },
  };
}

/** How long ssh may take to log in, in milliseconds. */
const SSH_LIMIT_MS = 15_000;

async function forwardBySsh(url: string, ssh: SshParts, signal: AbortSignal): Promise<EngineTransport> {
  const { clock } = ssh;
  const { username, hostname, port, pathname } = new URL(url.replace(/^ssh:/, "http:"));
  const remote = pathname.length > 1 ? pathname : "/var/run/docker.sock";
  const path = `${await ssh.folder()}/docker-${crypto.randomUUID().slice(0, 8)}.sock`;
  const args = ["-nNT", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-L", `${path}:${remote}`];
  if (port !== "") args.push("-p", port);
  if (username !== "") args.push("-l", username);
  const child = new Deno.Command("ssh", {
    args: [...args, "--", hostname],
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let isEnded = false;
  const end = () => {
    if (!isEnded) child.kill("SIGTERM");
  };
  const ended = child.output().then(({ stderr }) => {
    isEnded = true;
    void Deno.remove(path).catch(() => undefined);
    return new TextDecoder().decode(stderr).trim();
  });
  signal.addEventListener("abort", end, { once: true });
  const until = clock.now() + SSH_LIMIT_MS;
  while (clock.now() < until && !isEnded && !signal.aborted) {
    const isThere = await Deno.stat(path).then(() => true, () => false);
    if (isThere) return { kind: "unix", path };
    await clock.sleep(20, signal);
  }
  end();
  throw new Error(`ssh to ${hostname} failed: ${(await ended).slice(-200) || "no answer"}`);
}
