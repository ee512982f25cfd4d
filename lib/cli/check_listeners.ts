import { readGiven } from "../certificates/given_files.ts";
import { readGroup } from "../certificates/read_group.ts";
import { remedyOfPort } from "../core/status/listeners.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Listen } from "../core/values/listen.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { Status } from "../core/status/status.ts";
import type { OwnedHaproxy } from "../haproxy/owned_haproxy.ts";
import { type Check, formatTrouble } from "./check.ts";
import { failed } from "./failure.ts";
import { type LoneHaproxy, loneWords, TAKES_OVER } from "./lone_haproxy.ts";
import { certificateSources, listensForTls } from "./given_certificates.ts";

/** Who may have the ports already: the signalbox that runs, or the HAProxy of one that is gone. */
type Occupants = { readonly running?: Status | undefined; readonly lone?: LoneHaproxy | undefined };

/**
 * Whether the ports of the settings are free. Does not try the ports of a running signalbox, unless its HAProxy does not
 * serve, nor those of an HAProxy that `run` takes over.
 */
export function checkPorts(settings: Settings, occupants: Occupants = {}): Check[] {
  const hosts = hostsOf(settings);
  const { admin } = settings;
  const ports = [
    { hosts, port: settings.httpPort, flag: "--http-port" },
    ...(!listensForTls(settings) ? [] : [{ hosts, port: settings.httpsPort, flag: "--https-port" }]),
    ...(admin === undefined || "socket" in admin
      ? []
      : [{ hosts: [admin.hostname], port: admin.port, flag: "--admin" }]),
  ];
  return checkEach(ports, occupants);
}

/** Likewise for the ports that containers ask for. */
export function checkListens(settings: Settings, listens: readonly Listen[], occupants: Occupants): Check[] {
  const hosts = hostsOf(settings);
  return checkEach(listens.map(({ port }) => ({ hosts, port, flag: "listen_port" })), occupants);
}

const hostsOf = ({ bind }: Settings): readonly string[] => bind === undefined ? ["0.0.0.0", "::"] : [bind];

/** A port that a setting or a container names, and the addresses to listen on. */
type Wanted = { readonly hosts: readonly string[]; readonly port: number; readonly flag: string };

function checkEach(ports: readonly Wanted[], { running, lone }: Occupants): Check[] {
  const had = running?.haproxy.isServing ? (running.listeners ?? []).map(({ port }) => port) : [];
  return ports.map(({ hosts, port, flag }) => {
    const name = `port ${port}`;
    if (had.includes(port)) return { name, isGood: true, detail: "the signalbox that runs listens on it" };
    if (flag !== "--admin" && lone?.listeners.some((listener) => listener.port === port)) {
      return { name, isGood: true, detail: `${loneWords(lone)}; ${TAKES_OVER}` };
    }
    if (flag === "--admin" && running !== undefined) {
      return { name, isGood: true, detail: "not tried: a signalbox runs with this state directory" };
    }
    try {
      for (const hostname of hosts) tryPort(hostname, port, hosts.length > 1);
      return { name, isGood: true, detail: "free" };
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AddrInUse;
      const remedy = remedyOfPort(isTaken, flag, flag === "--admin" ? flag : "--bind");
      return { name, isGood: false, detail: messageOf(error), remedy };
    }
  });
}

/** Throws where the port cannot be had. For all addresses, a family that the machine lacks does not count. */
function tryPort(hostname: string, port: number, isOfMany: boolean): void {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse || !(isOfMany && hostname === "::")) throw error;
  }
}

/**
 * Whether the certificates can be used, as far as that can be told without HAProxy. A folder may be empty yet; a start
 * does not fail for one of several.
 */
export async function checkCertificate(
  settings: Settings,
  purpose: "a start" | "doctor" = "doctor",
): Promise<Check | undefined> {
  const source = certificateSources(settings).find(({ origin }) => origin === "file");
  if (source === undefined) return undefined;
  const name = "certificate";
  const { path } = source;
  try {
    const readings = (await readGiven(path)).map((group) => readGroup(group, "file"));
    const found = readings.flatMap(({ certificates }) => certificates);
    const [broken] = readings.flatMap(({ broken }) => broken);
    const isFolder = (await Deno.stat(path)).isDirectory;
    if (broken !== undefined && (purpose === "doctor" || !isFolder)) {
      throw new Error(`${broken.path}: ${broken.why}`);
    }
    if (found.length === 0 && !isFolder) throw new Error(`${path} holds no certificate`);
    const yet = "no certificate yet: clients are shown one that signed itself";
    return {
      name,
      isGood: true,
      detail: found.length === 0 ? `${path} holds ${yet}` : `${found.length} in ${path}`,
    };
  } catch (error) {
    const remedy =
      "expected PEM: certificate, chain and key in one file, or the key beside it; or a folder of such files";
    return { name, isGood: false, detail: messageOf(error), remedy };
  }
}

/**
 * Ends a first start that could not listen, with advice. Where HAProxy serves, or has served with this state directory,
 * signalbox goes on with what HAProxy has. Throws Failure.
 */
export async function proveListeners(settings: Settings, haproxy: OwnedHaproxy): Promise<void> {
  if (haproxy.store.findCurrent() !== undefined) return;
  if ((await haproxy.describe()).isServing) return;
  const checks = [...checkPorts(settings), await checkCertificate(settings, "a start")];
  const troubles = checks.filter((check) => check !== undefined && !check.isGood) as Check[];
  if (troubles.length > 0) throw failed(`cannot begin: ${troubles.map(formatTrouble).join("; ")}`);
}
