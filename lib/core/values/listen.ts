import type { BackendName, HostName, Port } from "./names.ts";
import type { TableKey } from "./table.ts";
import { boundedName, hostInName } from "./section_names.ts";

/**
 * Where HAProxy takes the connections of a route that is none of HTTP. `tcp`: all of the port are one route's; `tls`: those that
 * ask for a host of the route's in the first message of TLS (SNI), which HAProxy reads and leaves as it is.
 */
export type Listen = {
  readonly protocol: "tcp" | "tls";
  readonly port: Port;
  /** HAProxy ends TLS, and the container gets what was in it. */
  readonly isEnded?: true;
};

/** The name of a port's `bind`, with which keys of its routes begin: no host has a colon, so that no client of HTTP can ask for it. */
export const listenName = ({ protocol, port }: Listen): string => `${protocol}:${port}`;

/** The name of a port's frontend. */
export const listenSection = ({ protocol, port }: Listen): string => `_${protocol}_${port}`;

/** The key of such a route in hosts.map: `tcp:5432/`, `tls:8443/db.example.com/`. */
export const listenKey = (listen: Listen, host: HostName): TableKey =>
  `${listenName(listen)}/${listen.protocol === "tls" ? `${host}/` : ""}` as TableKey;

/** With which keys of hosts begin whose authorities are answered at a port of HTTPS, whoever has the hosts around them. */
export const answersName = (port: Port): string => `acme:${port}`;

/** The key of such a host. */
export const answersKey = (port: Port, host: HostName): TableKey =>
  `${answersName(port)}/${host}/` as TableKey;

/**
 * The backend of such a route: after two colons, no path and no hash begins as its protocol does. A host whose TLS is ended has
 * another one than the same host whose TLS goes through: no container gets what was meant for one of the other kind.
 */
export const listenBackend = (listen: Listen, host: HostName): BackendName =>
  boundedName(
    `${hostInName(host)}::${listen.isEnded === true ? `ended:${listen.port}` : listenName(listen)}`,
  );

/** The backend that leads to the listener where HAProxy ends TLS, where another stands before it. */
export const HTTPS_BACKEND = "_https" as BackendName;

/** The frontend that answers authorities, behind the port of HTTPS. */
export const ACME_FRONTEND = "_acme";

/** Where HAProxy ends the TLS of a port's hosts, behind the frontend that tells them apart: the frontend there. */
export const innerSection = (port: Port): string => `_inner_${port}`;

/** The backend that leads there. */
export const innerBackend = (port: Port): string => `_to_inner_${port}`;

const INNER_BACKEND = /^_to_inner_(\d+)$/;

/** Whether a backend leads from HAProxy to itself, and to no container. */
export const leadsInside = (name: string): boolean => name === HTTPS_BACKEND || INNER_BACKEND.test(name);

/** The frontend that such a backend leads to, where it is one of a port for TCP. */
export const innerSectionOf = (name: string): string | undefined => {
  const port = INNER_BACKEND.exec(name)?.[1];
  return port === undefined ? undefined : `_inner_${port}`;
};
