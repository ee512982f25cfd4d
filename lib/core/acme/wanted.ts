import type { AcmeMode } from "../settings/acme_values.ts";
import { type Backend, isServed, type Model, type Route } from "../model/model.ts";
import { endedRoutes } from "../model/streams.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { type HostName, isWildcard, parseIp, plainHost } from "../values/names.ts";

/** Hosts that one certificate is to be for; `name` is that of its file, `owner` the container or route that claims them. */
export type Want = { readonly name: string; readonly hosts: readonly HostName[]; readonly owner: string };

/** What decides which hosts can have certificates. */
export type WantSettings = {
  readonly mode: AcmeMode;
  /** An authority that is not known to be a public one may certify any name. */
  readonly isPrivate: boolean;
  /** TXT records can be set, which wildcards need (RFC 8555, 7.1.3). */
  readonly hasDns: boolean;
};

/** Names that one certificate has at most, as at Let's Encrypt. */
export const MOST_NAMES = 100;

/** Authorities that anybody's browser trusts: they certify public names alone. */
const PUBLIC =
  /(?:^|\.)(?:letsencrypt\.org|zerossl\.com|pki\.goog|buypass\.com|ssl\.com|digicert\.com|sectigo\.com)$/;
/** Ends of names that are nobody's (RFC 2606, 6761, 6762, 7686, 9476, and ICANN's `internal`). */
const NOBODYS = /(?:^|\.)(?:local|localhost|internal|test|invalid|onion|alt|home\.arpa|lan|localdomain)$/;

/** Whether the directory is one of a public authority. */
export const isPublicAuthority = (directory: string): boolean => PUBLIC.test(new URL(directory).hostname);

/** Why a host can have no certificate; nothing where it can. */
export function whyNotCertified(host: HostName, { isPrivate, hasDns }: WantSettings): string | undefined {
  if (isHostPattern(host) || host === "*") return "it is no name but a pattern";
  const name = plainHost(host);
  if (parseIp(name).ok) return "it is an address";
  if (name.includes("_")) return "it has an underscore";
  if (isWildcard(host) && !hasDns) return "it is a wildcard, which needs --acme-dns-hook";
  if (isPrivate) return undefined;
  return !name.includes(".") || /\.[0-9]+$/.test(name) || NOBODYS.test(name)
    ? "no public name ends so"
    : undefined;
}

/**
 * The certificates that the routed hosts of a model are to have: one for each backend, with all of its hosts that have a
 * container which is ready. A host that several backends serve is that of its oldest container, which decides whether it has
 * one, where it says so.
 */
export function wantedOf(
  model: Model,
  isReady: (backend: Backend) => boolean,
  settings: WantSettings,
): Want[] {
  if (settings.mode === "off") return [];
  const byName = new Map(model.backends.map((backend) => [backend.name, backend]));
  const owners = new Map<HostName, Backend>();
  const claims = new Map<HostName, string>();
  const take = ({ host, backend: name, listen, by }: Route): void => {
    const backend = byName.get(name);
    // What goes through has a certificate of its own.
    if ((listen !== undefined && listen.isEnded !== true) || backend === undefined || owners.has(host)) {
      return;
    }
    const decider = byName.get(model.deciders.get(host)?.backend ?? name) ?? backend;
    if (!isWanted(decider, backend, settings)) return;
    if (whyNotCertified(host, settings) !== undefined || !isReady(backend)) return;
    owners.set(host, backend);
    claims.set(host, by);
  };
  const all = [...model.routes.filter(isServed), ...endedRoutes(model.streams)];
  for (const route of all) if (model.deciders.get(route.host)?.backend === route.backend) take(route);
  for (const route of all) take(route);
  const hosts = Map.groupBy(owners.keys(), (host) => owners.get(host)?.name);
  return [...hosts].flatMap(([name, all]) => {
    const own = name === undefined ? undefined : byName.get(name)?.host;
    const sorted = all.toSorted((a, b) => Number(b === own) - Number(a === own) || (a < b ? -1 : 1));
    return split(sorted, claims.get(sorted[0] ?? "" as HostName) ?? "");
  });
}

/** The container that decides about the host does so for all; where it is silent, others may ask for a certificate. */
function isWanted({ options: { acme } }: Backend, { options }: Backend, { mode }: WantSettings): boolean {
  return acme?.isWanted ?? (mode === "all" || options.acme?.isWanted === true);
}

function split(hosts: readonly HostName[], owner: string): Want[] {
  const wants: Want[] = [];
  for (let at = 0; at < hosts.length; at += MOST_NAMES) {
    const [first, ...others] = hosts.slice(at, at + MOST_NAMES);
    if (first !== undefined) wants.push({ name: fileNameOf(first), hosts: [first, ...others], owner });
  }
  return wants;
}

/** The name of a host's files: `_.` stands for `*.`. */
export const fileNameOf = (host: HostName): string => host.replace(/^\*/, "_");

/** The names of which a certificate is one for the host: its own, and the wildcard above it (RFC 6125, 6.4.3). */
export const namesFor = (host: string): readonly string[] =>
  host.startsWith("*.") ? [host] : [host, `*.${host.slice(host.indexOf(".") + 1)}`];
