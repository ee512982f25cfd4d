import { type Authority, named } from "../certificates/authority.ts";
import type { FoundCertificates } from "../certificates/certificate.ts";
import {
  authoritiesFile,
  certificateFile,
  type NamedFile,
  serverAuthorities,
  serverCertificate,
} from "../certificates/named_file.ts";
import type { Backend, Claimant, Model, Server } from "../model/model.ts";
import { decides } from "../model/deciders.ts";
import { onlyBackends } from "../model/only_backends.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import type { HostName, ServerName } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { TableKey, TableValue } from "../values/table.ts";

/** What routes and servers name in the folders of `--client-ca`, `--backend-ca` and `--backend-cert`. */
export type NamedFiles = {
  /** Without servers whose files are not there. */
  readonly model: Model;
  readonly files: readonly NamedFile[];
  /** Hosts whose clients need a certificate, and the file of the authorities that it has to be by. */
  readonly asking: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
  /** Why servers are left out. */
  readonly left: ReadonlyMap<ServerName, string>;
};

/** Names that a notice lists. */
const MOST_LISTED = 5;
/**
 * Hosts of one container whose clients are asked for a certificate. Each is a line of certs.list, which costs HAProxy 2.6 two
 * thirds of a millisecond when it loads (0.15 ms from 3.0 on), and 25 kB.
 */
const MOST_HOSTS = 32;

/**
 * Looks up what routes and servers name. A route whose authorities are not there keeps its flag, and answers 403: no issuer of a
 * certificate has a row. A server whose files are not there is left out.
 */
export function namedFiles(model: Model, found: FoundCertificates): NamedFiles {
  const lookup = new Lookup(model, found);
  lookup.askClients();
  const reached = lookup.withoutUnreachable();
  return {
    model: lookup.issuers.size === 0 ? reached : { ...reached, issuers: lookup.issuers },
    files: [...lookup.files.values()].sort((a, b) => a.file < b.file ? -1 : 1),
    asking: lookup.asking,
    notices: lookup.notices,
    left: lookup.left,
  };
}

class Lookup {
  readonly files = new Map<string, NamedFile>();
  readonly asking = new Map<string, string>();
  readonly issuers = new Map<TableKey, TableValue>();
  readonly notices: Notice[] = [];
  readonly left = new Map<ServerName, string>();
  /** How many hosts each container wants them to be asked for. */
  readonly #wanted = new Map<Claimant, number>();
  readonly #clients: readonly Authority[];
  readonly #servers: readonly Authority[];

  constructor(readonly model: Model, readonly found: FoundCertificates) {
    const { authorities = [] } = found;
    this.#clients = authorities.filter(({ use }) => use === "clients");
    this.#servers = authorities.filter(({ use }) => use === "servers");
  }

  /** A handshake knows no path: the oldest container of a host decides which certificate its clients need. */
  askClients(): void {
    const { backends, frontend } = this.model;
    const asking = backends.filter(({ options }) => options.client_ca !== undefined);
    for (const backend of asking) this.#decide(backend);
    for (const backend of asking) {
      const said: string = backend.options.client_ca ?? "";
      const authority = named(this.#clients, said);
      if (frontend.tls === undefined) {
        this.#close(backend, "needs HTTPS, expected --tls-cert or --acme-email");
      } else if (authority === undefined) {
        this.#close(backend, missing(said, this.#clients, "--client-ca"));
      } else this.#ask(backend, authoritiesFile(authority, said), authority, said);
    }
  }

  #decide(backend: Backend): void {
    const said: string = backend.options.client_ca ?? "";
    const authority = named(this.#clients, said);
    if (this.model.frontend.tls === undefined || authority === undefined) return;
    const { file } = authoritiesFile(authority, said);
    for (const { host, claimant } of backend.routes) {
      if (!isHandshakeName(host) || !decides(this.model, backend, host) || this.asking.has(host)) continue;
      const count = (this.#wanted.get(claimant) ?? 0) + 1;
      this.#wanted.set(claimant, count);
      if (count <= MOST_HOSTS) this.asking.set(host, file);
    }
  }

  #ask(backend: Backend, file: NamedFile, { nameHashes }: Authority, said: string): void {
    const patterns: string[] = [];
    const others: string[] = [];
    const further: string[] = [];
    for (const { host } of backend.routes) {
      if (!isHandshakeName(host)) patterns.push(host);
      else if (this.asking.get(host) !== file.file) {
        (decides(this.model, backend, host) ? further : others).push(host);
      }
    }
    if (further.length > 0) {
      const most = `${MOST_HOSTS} hosts of one container at most, expected fewer, or a wildcard`;
      this.#close(backend, `is not asked of clients of ${listed(further)}: ${most}`, "there it answers 403");
    }
    if (patterns.length > 0) {
      const are = `${listed(patterns)}: a handshake names one host, expected hosts or wildcards`;
      this.#close(backend, `cannot be asked of clients of ${are}`, "there it answers 403");
    }
    if (others.length > 0) {
      const other = "counts only as the oldest container of a host says, and that one says otherwise";
      this.#close(backend, `of ${listed(others)} ${other}`, "there it answers 403");
    }
    this.files.set(file.file, file);
    for (const hash of nameHashes) this.issuers.set(issuerKey(said, hash), "1" as TableValue);
  }

  #close({ servers }: Backend, why: string, so = "the route answers 403"): void {
    const subject = servers[0]?.containerName ?? "";
    this.notices.push({
      severity: "warning",
      code: "client-ca",
      subject,
      message: `client_ca ${why}; ${so}`,
    });
  }

  /** The model without the servers that could not be checked, or shown what they ask for. */
  withoutUnreachable(): Model {
    const { backends } = this.model;
    if (!backends.some(({ servers }) => servers.some(namesFiles))) return this.model;
    const all = backends.map((backend) => {
      if (!backend.servers.some(namesFiles)) return backend;
      const servers = backend.servers.filter((server) => this.#isReachable(server));
      return servers.length === backend.servers.length ? backend : { ...backend, servers };
    });
    const left = all.filter(({ servers }) => servers.length > 0);
    return left.length === all.length ? { ...this.model, backends: all } : onlyBackends(this.model, left);
  }

  #isReachable({ name, options, containerName }: Server): boolean {
    const { ssl_backend, ssl_backend_ca, ssl_backend_cert } = options;
    if (!ssl_backend) return true;
    const tell = (why: string) => {
      this.left.set(name, why);
      const message = `${why}; the container is left out`;
      this.notices.push({ severity: "warning", code: "no-such-file", subject: containerName, message });
      return false;
    };
    if (ssl_backend_ca !== undefined) {
      const authority = named(this.#servers, ssl_backend_ca);
      if (authority === undefined) {
        return tell(`ssl_backend_ca ${missing(ssl_backend_ca, this.#servers, "--backend-ca")}`);
      }
      this.files.set(serverAuthorities(ssl_backend_ca), authoritiesFile(authority, ssl_backend_ca));
    }
    if (ssl_backend_cert !== undefined) {
      const { forServers = [] } = this.found;
      const certificate = named(forServers, ssl_backend_cert);
      if (certificate === undefined) {
        return tell(`ssl_backend_cert ${missing(ssl_backend_cert, forServers, "--backend-cert")}`);
      }
      this.files.set(serverCertificate(ssl_backend_cert), certificateFile(certificate, ssl_backend_cert));
    }
    return true;
  }
}

/** Whether clients name the host in a handshake, itself or below a wildcard. */
const isHandshakeName = (host: HostName): boolean =>
  !isHostPattern(host) && /^(?:[*][.])?[a-z0-9_-]+(?:[.][a-z0-9_-]+)*$/.test(host);

const namesFiles = ({ options }: Server): boolean =>
  options.ssl_backend_ca !== undefined || options.ssl_backend_cert !== undefined;

/** A row that tells that the authorities of a file have one of a name: no id of a route begins with a question mark. */
const issuerKey = (said: string, hash: string): TableKey => `?ca|${said}|${hash}` as TableKey;

function missing(said: string, all: readonly { readonly name: string }[], setting: string): string {
  const known = all.length === 0
    ? "which holds none"
    : `expected one of ${listed(all.map(({ name }) => name))}`;
  return `${quote(said)} is no file of ${setting}, ${known}`;
}

const listed = (names: readonly string[]): string =>
  names.slice(0, MOST_LISTED).join(", ") +
  (names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "");
