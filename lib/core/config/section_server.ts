import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";
import { ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Backend, Server } from "../model/model.ts";
import { serverAuthorities, serverCertificate } from "../certificates/named_file.ts";
import { formatEndpoint, isDnsName, isWildcard, type ServerName } from "../values/names.ts";
import type { Templates } from "./templates.ts";

/** A server of a section; `line` is what stands after `server`. */
export type SectionServer = { readonly name: ServerName; readonly comment: string; readonly line: string };

/** The server, with its line as it stands after `server` in the file and after `add server BACKEND/` at run time. */
export function renderServer(
  backend: Backend,
  server: Server,
  { templates, version }: { readonly templates: Templates; readonly version: HaproxyVersion },
): SectionServer {
  const line = templates.render("server.eta", serverData(backend, server, version)).trimEnd();
  const { name, containerName, via } = server;
  return {
    name,
    comment: via === "published" ? `${containerName}, through a port of its engine` : containerName,
    line,
  };
}

/**
 * How far apart checks of containers on other machines are where nothing is said of them, in milliseconds. A check has as long for
 * its answer (HAProxy manual, 5.2, `inter`), so that one that asks by HTTP stays as far apart as others.
 */
const REMOTE_CHECK_MS = 1_000;
const USUAL_CHECK_MS = ROUTE_KEYS.check_interval.fallback;

function serverData(backend: Backend, server: Server, version: HaproxyVersion) {
  const { shape: { check_interval: given, check: { option } } } = backend;
  const isRemote = server.isRemote === true;
  const wanted = isRemote && given === USUAL_CHECK_MS && option === undefined ? REMOTE_CHECK_MS : given;
  const { ssl_backend_ca: ca, ssl_backend_cert: cert, ssl_backend_sni: sni } = server.options;
  return {
    /** No engine tells at once of the loss of a machine. */
    checkIntervalMs: Math.max(wanted, server.leastCheckMs ?? 0),
    isRemote,
    name: server.name,
    endpoint: formatEndpoint(server.address, server.port),
    isNamed: isDnsName(server.address),
    numericId: server.numericId,
    backend: backend.shape,
    options: server.options,
    /** The name that its certificate is to be for, where that is one name. */
    tlsHost: sni ?? (isWildcard(backend.host) ? undefined : backend.host),
    isVerified: ca !== undefined || server.options.ssl_backend_tls_verify === "required",
    authorities: ca === undefined ? systemAuthorities(version) : serverAuthorities(ca),
    certificate: cert === undefined ? undefined : serverCertificate(cert),
  };
}

/** HAProxy knows the system's authorities by a name of its own from 2.6 on. */
const systemAuthorities = (version: HaproxyVersion): string =>
  isAtLeast(version, [2, 6]) ? "@system-ca" : "/etc/ssl/certs/ca-certificates.crt";
