import type { FoundCertificates } from "../core/certificates/certificate.ts";
import type { AddressSettings } from "../core/model/choose_endpoint.ts";
import type { HaproxyVersion } from "../core/keys/backend_option.ts";
import { Design } from "../core/config/design.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { OwnListener, RoutingSettings } from "../core/model/routing_settings.ts";
import type { IpAddress } from "../core/values/names.ts";
import type { Settings } from "../core/settings/settings.ts";
import {
  BUILTIN_TEMPLATES,
  builtinTemplates,
  compileTemplates,
  TemplateError,
  type Templates,
} from "../core/config/templates.ts";
import { engineAddressOf, resolveAddress } from "../docker/api/transport.ts";
import { findHaproxy } from "../haproxy/process/program.ts";
import { readErrorPages } from "./error_pages.ts";
import { fleetOf, peerListeners } from "./fleet.ts";
import { thumbprintOf } from "./acme.ts";
import { isTlsAlpnOn } from "../core/settings/acme_values.ts";
import { listensForTls, readCertificates, unreadOf } from "./given_certificates.ts";
import { failed, wrongUsage } from "./failure.ts";

/** The HAProxy that the config is written for where none is found. */
const DEFAULT_VERSION: HaproxyVersion = [2, 6];

/** The pure half of the flow with its settings: the same for `render`, `explain` and `run`. */
export type Routing = {
  readonly settings: RoutingSettings;
  readonly templates: Templates;
  readonly design: Design;
  /** The certificates as they were when it was prepared; `run` watches them. */
  readonly certificates: FoundCertificates;
  /** Secrets that the config names, for haproxy's environment. */
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Prepares the flow from settings; reads templates and the password's file, and looks up names. `before` is what was
 * prepared from the same settings earlier. Where HAProxy runs `elsewhere`, it reads there what cannot be read here. Throws
 * Failure.
 */
export async function prepareRouting(
  settings: Settings,
  before?: Routing,
  place: "here" | "elsewhere" = "here",
): Promise<Routing> {
  checkTogether(settings);
  const password = await readPassword(settings, before?.env["SIGNALBOX_STATS_PASSWORD"]);
  const version = settings.haproxyVersion ?? await versionOfHaproxy(settings.haproxy);
  const certificates = await readCertificates(settings);
  const routing: RoutingSettings = {
    frontend: {
      address: settings.bind,
      httpPort: settings.httpPort,
      tls: !listensForTls(settings) ? undefined : {
        port: settings.httpsPort,
        options: settings.tlsOptions,
        profile: settings.tlsProfile,
        ...settings.clientCa !== undefined && { asksClients: true },
        ...settings.http3 && { hasHttp3: true },
        ...isTlsAlpnOn(settings) && { answersAuthorities: true },
        unread: place === "here" ? undefined : unreadOf(settings, certificates),
      },
      ...settings.backendCert !== undefined && { showsCertificates: true },
      acmeThumbprint: await thumbprintOf(settings),
      hstsSeconds: settings.hstsSeconds,
      hasTrace: settings.trace,
      statsUser: password === undefined ? undefined : settings.statsUser,
      maxConnections: settings.maxConnections,
      hasTcpPorts: settings.tcpPorts.length > 0,
      trustedProxies: onLines(settings.trustedProxies),
      clientIpHeader: settings.clientIpHeader,
      proxyProtocol: onLines(settings.proxyProtocol),
      maxConnectionsPerClient: settings.maxConnectionsPerClient ?? Math.ceil(settings.maxConnections / 2),
      connectTimeoutMs: settings.connectTimeoutMs,
      clientTimeoutMs: settings.clientTimeoutMs,
      serverTimeoutMs: settings.serverTimeoutMs,
      tunnelTimeoutMs: settings.tunnelTimeoutMs,
      headerSizeBytes: settings.headerSizeBytes,
      hardStopAfterMs: settings.hardStopAfterMs,
      accessLog: settings.accessLog,
      nameServers: [...new Set(settings.nameServers)],
      errorPages: await readErrorPages(settings),
      fleet: fleetOf(settings),
    },
    address: await addressSettings(settings),
    balance: settings.balance,
    defaultDomain: settings.defaultDomain,
    haproxyVersion: version,
    addBackends: settings.addBackends,
    listeners: ownListeners(settings),
    tcpPorts: settings.tcpPorts,
    tlsPort: settings.httpsPort,
    isOptIn: settings.optIn,
    labelPrefix: settings.labelPrefix,
    redirectsToTls: settings.httpsRedirect,
  };
  const templates = await loadTemplates(settings.templates);
  return {
    settings: routing,
    templates,
    design: new Design(routing, templates, certificates),
    certificates,
    env: password === undefined ? {} : { SIGNALBOX_STATS_PASSWORD: password },
  };
}

/** Settings that need others. Throws Failure. */
function checkTogether(settings: Settings): void {
  if (settings.httpsRedirect && !listensForTls(settings) && settings.trustedProxies.length === 0) {
    throw wrongUsage("--https-redirect needs --tls-cert PATH: there is no HTTPS to redirect to");
  }
  if (settings.http3 && !listensForTls(settings)) {
    throw wrongUsage("--http3 needs --tls-cert PATH or --acme-email ADDRESS: HTTP/3 is HTTPS");
  }
  if (settings.clientIpHeader !== undefined && settings.trustedProxies.length === 0) {
    throw wrongUsage("--client-ip-header needs --trusted-proxies CIDRS: anybody else could send it");
  }
}

function ownListeners(settings: Settings): readonly OwnListener[] {
  const { bind, httpPort, httpsPort, admin } = settings;
  const http = { setting: "--http-port", address: bind, port: httpPort };
  const https = { setting: "--https-port", address: bind, port: httpsPort };
  return [
    http,
    ...!listensForTls(settings) ? [] : [https],
    ...admin === undefined || "socket" in admin
      ? []
      : [{ setting: "--admin", address: admin.hostname, port: admin.port }],
    ...peerListeners(settings),
  ];
}

/** How many words HAProxy reads of a line, less those of the rule that stands before them (64 on all versions). */
const WORDS_OF_A_LINE = 50;

/** Words as the lines of a config take them. */
function onLines(words: readonly string[]): readonly string[] {
  const count = Math.ceil(words.length / WORDS_OF_A_LINE);
  return Array.from(
    { length: count },
    (_, at) => words.slice(at * WORDS_OF_A_LINE, (at + 1) * WORDS_OF_A_LINE).join(" "),
  );
}

async function readPassword(settings: Settings, before?: string): Promise<string | undefined> {
  if (settings.statsPasswordFile === undefined) return settings.statsPassword;
  // What came through a pipe is read once: opening it again would wait for a writer, and all of signalbox with it.
  if (before !== undefined && await isPipe(settings.statsPasswordFile)) return before;
  const text = await Deno.readTextFile(settings.statsPasswordFile).catch((error) => {
    throw wrongUsage(
      `cannot read --stats-password-file "${settings.statsPasswordFile}": ${messageOf(error)}`,
    );
  });
  const password = text.replace(/\r?\n$/, "");
  // deno-lint-ignore no-control-regex
  if (!/^[^\x00-\x1f\x7f]{1,256}$/.test(password)) {
    throw wrongUsage(
      `--stats-password-file "${settings.statsPasswordFile}" must hold one line of at most 256 characters`,
    );
  }
  return password;
}

/** Whether a path leads to a pipe, a device or a socket. */
async function isPipe(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile, isDirectory }) => !isFile && !isDirectory, () => false);
}

async function versionOfHaproxy(path: string): Promise<HaproxyVersion> {
  return await findHaproxy(path).then((program) => program.version, () => DEFAULT_VERSION);
}

async function addressSettings(settings: Settings): Promise<AddressSettings> {
  // Containers of engines that a file names have each their own engine's address.
  const [url = "unix:///var/run/docker.sock"] = settings.dockerHosts;
  const engine = await engineAddressOf(url).catch((error) => {
    if (settings.backendAddress !== undefined) return { address: "127.0.0.1" as IpAddress, isLocal: false };
    throw wrongUsage(
      `cannot look up the engine of --docker-host "${url}" (${
        messageOf(error)
      }), expected a known host or --backend-address`,
    );
  });
  const forced = settings.backendAddress === undefined
    ? undefined
    : await resolveAddress(settings.backendAddress).catch((error) => {
      throw wrongUsage(`cannot look up --backend-address "${settings.backendAddress}": ${messageOf(error)}`);
    });
  return {
    mode: settings.address,
    isLocalEngine: engine.isLocal,
    engineAddress: forced ?? engine.address,
    isEngineAddressForced: forced !== undefined,
    network: settings.network,
  };
}

async function loadTemplates(folder: string | undefined): Promise<Templates> {
  const overlay: Record<string, string> = {};
  try {
    for (const name of folder === undefined ? [] : Object.keys(BUILTIN_TEMPLATES)) {
      if (await isPipe(`${folder}/${name}`)) throw new Error(`${name} is no regular file`);
      const text = await Deno.readTextFile(`${folder}/${name}`).catch((error) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      if (text !== undefined) overlay[name] = text;
    }
    if (folder !== undefined && !(await Deno.stat(folder)).isDirectory) throw new Error("it is not a folder");
  } catch (error) {
    throw wrongUsage(`cannot read --templates "${folder}": ${messageOf(error)}`);
  }
  try {
    return Object.keys(overlay).length === 0 ? builtinTemplates() : compileTemplates(overlay);
  } catch (error) {
    if (error instanceof TemplateError) throw failed(error.message);
    throw error;
  }
}
