import { remedyOfPort } from "../../core/status/listeners.ts";
import type { TakenPort } from "../../ports.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { lookQuietly } from "./quietly.ts";

/**
 * Tries to listen on the addresses that a generation adds to the running one. A reload whose bind fails makes every
 * listener refuse for seconds, and `haproxy -c` does not find that. The running config is compared, not our settings,
 * since an adopted HAProxy may have other listeners. Answers with what is wrong, or nothing. A container's ports for TCP are
 * another matter: takenPorts has them. `ownPeer` is this HAProxy's name among its peers: it listens at that one's address.
 */
export function tryNewBinds(before: string, after: string, ownPeer?: string): string | undefined {
  const known = bindsOf(before);
  for (const bind of bindsOf(after)) {
    const why = bind.stream === undefined ? tryBind(bind, known, "--http-port or --https-port") : undefined;
    if (why !== undefined) return why;
  }
  // An adopted HAProxy may have had another name among the same peers.
  const had = peersOf(before).flatMap(({ address }) => bindOf(address, ""));
  for (const { name, address } of peersOf(after)) {
    for (const bind of name === ownPeer ? bindOf(address, "") : []) {
      const why = tryBind(bind, had, "--peer or --peer-port", "--peer-bind");
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

/** The config in a folder, empty where there is none. Synchronous, since the thread pool takes longer. */
export function configIn(folder: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/haproxy.cfg`);
  } catch {
    return "";
  }
}

/** The peers of a config (HAProxy manual, `peers`). */
function peersOf(config: string): readonly { readonly name: string; readonly address: string }[] {
  return [...config.matchAll(/^ +peer ([^ \n]+) ([^ \n]+)$/gm)].map(([, name = "", address = ""]) => ({
    name,
    address,
  }));
}

/**
 * The ports for TCP of a config that cannot be had; `before` is the running one, empty where HAProxy does not serve. One
 * that leads on to a socket of HAProxy's own, in the folder `sockets`, is not to be had where that is not.
 */
export function takenPorts(before: string, after: string, sockets: string): readonly TakenPort[] {
  const known = bindsOf(before);
  const taken = new Map<number, TakenPort>();
  for (const bind of bindsOf(after)) {
    if (bind.stream === undefined || taken.has(bind.port)) continue;
    const detail = tryBind(bind, known, "listen_port");
    if (detail !== undefined) taken.set(bind.port, { port: bind.port, detail });
  }
  const had = innerBindsOf(before);
  for (const { file, port } of innerBindsOf(after)) {
    if (taken.has(port) || had.some((each) => each.file === file)) continue;
    const detail = trySocket(sockets, file);
    if (detail !== undefined) taken.set(port, { port, detail });
  }
  return [...taken.values()];
}

/** A socket over which HAProxy speaks to itself, and the port that leads to it. */
type InnerBind = { readonly file: string; readonly port: number };

function innerBindsOf(config: string): readonly InnerBind[] {
  const binds = config.matchAll(/^ +bind "unix@\$\{SIGNALBOX_SOCKETS\}\/([^"]+)".* name \S+:(\d+)\b/gm);
  return [...binds].map(([, file = "", port]) => ({ file, port: Number(port) }));
}

/** HAProxy binds to a longer name for a while, and then has it take the place of what a dead HAProxy left. */
function trySocket(folder: string, file: string): string | undefined {
  const path = `${folder}/${file}`;
  const trial = `${path}.trial`;
  try {
    if (lookQuietly(path)?.isDirectory === true) throw new Error("it is a folder");
    for (const act of [() => {}, () => Deno.listen({ transport: "unix", path: trial }).close()]) {
      act();
      // Deno removes it by itself, unless it ends in the middle of this.
      if (lookQuietly(trial) !== undefined) Deno.removeSync(trial);
    }
  } catch (error) {
    return `cannot make the socket ${path}: ${messageOf(error)}`;
  }
  return undefined;
}

/** Tries an address that HAProxy does not have yet; answers with what is wrong. */
function tryBind(bind: Bind, known: readonly Bind[], setting: string, place = "--bind"): string | undefined {
  const served = known.filter(({ port }) => port === bind.port);
  const alike = served.filter(({ family }) => family === bind.family);
  if (alike.some((each) => each.host === bind.host || isAny(each))) return undefined;
  // Where HAProxy has the port already, a trial on all addresses would collide with HAProxy itself.
  const isWide = isAny(bind);
  const hosts = isWide && served.length > 0
    ? ownAddresses(bind.family).filter((host) => alike.every((each) => each.host !== host))
    : [bind.host];
  for (const hostname of hosts) {
    try {
      Deno.listen({ hostname, port: bind.port }).close();
    } catch (error) {
      // Without IPv6 on the machine, HAProxy has no such listener.
      if (isWide && bind.family === "IPv6" && !(error instanceof Deno.errors.AddrInUse)) continue;
      const remedy = remedyOfPort(error instanceof Deno.errors.AddrInUse, setting, place);
      return `cannot listen on ${hostname}:${bind.port}: ${messageOf(error)}; ${remedy}`;
    }
  }
  return undefined;
}

/** An address to listen on as the kernel takes it, and its port. */
type Bind = {
  readonly family: "IPv4" | "IPv6";
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Its name, where it is for TCP that a container wants. */
  readonly stream: string | undefined;
};

const ANY = { IPv4: "0.0.0.0", IPv6: "::" } as const;

/** Whether a listener takes its port on all addresses of its family. */
const isAny = ({ family, host }: Bind): boolean => host === ANY[family];

/** The machine's addresses, without those that are valid on one link alone. */
function ownAddresses(family: Bind["family"]): string[] {
  const own = Deno.networkInterfaces().filter((each) =>
    each.family === family && !/^fe80:/i.test(each.address)
  );
  return [...new Set(own.map(({ address }) => address))];
}

/**
 * The addresses of a config's `bind` lines (HAProxy manual, 4.2, `bind`), without those that cannot be tried: sockets of
 * other kinds, variables, other network namespaces, addresses that the machine does not have.
 */
export function bindsOf(config: string): Bind[] {
  return [...config.matchAll(/^ +bind ([^ \n]+)(.*)/gm)].flatMap(([, addresses = "", options = ""]) =>
    / (namespace|transparent)\b/.test(options)
      ? []
      : addresses.split(",").flatMap((address) => bindOf(address, options))
  );
}

function bindOf(address: string, options: string): Bind[] {
  const [, prefix, written, digits] = /^(ipv[46]@)?([\w.:*[\]-]*):(\d+)$/.exec(address) ?? [];
  if (written === undefined) return [];
  const port = Number(digits);
  const stream = / name ((?:tcp|tls):\d+)\b/.exec(options)?.[1];
  const isTls = /(?:^| )ssl\b/.test(options) || stream?.startsWith("tls") === true;
  const host = written.replace(/^\[|\]$/g, "");
  if (host === "" || host === "*") {
    const family = prefix === "ipv6@" ? "IPv6" : "IPv4";
    return [{ family, host: ANY[family], port, isTls, stream }];
  }
  if (!host.includes(":")) return [{ family: "IPv4", host, port, isTls, stream }];
  const own: Bind = { family: "IPv6", host, port, isTls, stream };
  // A listener on all IPv6 addresses takes IPv4 too.
  return isAny(own) && / v4v6\b/.test(options) ? [own, { ...own, family: "IPv4", host: ANY.IPv4 }] : [own];
}
