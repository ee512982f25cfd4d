import type { BackendName, HostName, Port } from "./names.ts";
import type { TableKey } from "./table.ts";
import { boundedName, hostInName } from "./section_names.ts";

/**
 * Where HAProxy takes the connections of a route that is none of HTTP. `tcp`: all of the port are one route's; `tls`: those that
 * ask for a host of the route's in the first message of TLS (SNI), which HAProxy reads and leaves as it is.
 */
export type Listen = { readonly protocol: "tcp" | "tls"; readonly port: Port };

/** The name of a port's `bind`, with which keys of its routes begin: no host has a colon, so that no client of HTTP can ask for it. */
export const listenName = ({ protocol, port }: Listen): string => `${protocol}:${port}`;

/** The name of a port's frontend. */
export const listenSection = ({ protocol, port }: Listen): string => `_${protocol}_${port}`;

/** The key of such a route in hosts.map: `tcp:5432/`, `tls:8443/db.example.com/`. */
export const listenKey = (listen: Listen, host: HostName): TableKey =>
  `${listenName(listen)}/${listen.protocol === "tls" ? `${host}/` : ""}` as TableKey;

/** The backend of such a route: after two colons, no path and no hash begins as its protocol does. */
export const listenBackend = (listen: Listen, host: HostName): BackendName =>
  boundedName(`${hostInName(host)}::${listenName(listen)}`);

/** The backend that leads to the listener where HAProxy ends TLS, where another stands before it. */
export const HTTPS_BACKEND = "_https" as BackendName;

/** The frontend that answers authorities, behind the port of HTTPS. */
export const ACME_FRONTEND = "_acme";
