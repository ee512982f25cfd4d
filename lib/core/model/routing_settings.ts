import type { AddressSettings } from "./choose_endpoint.ts";
import type { HaproxyVersion } from "../keys/backend_option.ts";
import type { Frontend, Server } from "./model.ts";
import type { HostName, IpAddress, Port } from "../values/names.ts";
import type { LabelPrefix } from "../labels/label_parts.ts";
import type { PortRange } from "../settings/setting_values.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

/** What a model is built with, beside the snapshot; the same settings and snapshot give the same model. */
export type RoutingSettings = {
  readonly frontend: Frontend;
  readonly address: AddressSettings;
  readonly balance: string;
  readonly defaultDomain: HostName | undefined;
  /** Plain HTTP is redirected to HTTPS where no container of the route says otherwise. */
  readonly redirectsToTls: boolean;
  readonly haproxyVersion: HaproxyVersion;
  /** New hosts are backends of their own, where HAProxy can add them while it runs; else they take spares. */
  readonly addBackends: boolean;
  /** Where signalbox and its HAProxy listen: a container that is reached there would be sent its own requests again. */
  readonly listeners: readonly OwnListener[];
  /** Ports that containers may have HAProxy listen on for TCP. */
  readonly tcpPorts?: readonly PortRange[];
  /** The port of HTTPS, where hosts may come whose TLS HAProxy leaves as it is; 443 where it is not said. */
  readonly tlsPort?: Port;
  /** Only containers that ask for a route get one. */
  readonly isOptIn: boolean;
  /** What labels begin with, if not with `interlock.`. */
  readonly labelPrefix?: LabelPrefix;
};

/** A port that signalbox or its HAProxy listens on; no address, 0.0.0.0 and :: are all addresses of this machine. */
export type OwnListener = {
  readonly setting: string;
  readonly address: IpAddress | undefined;
  readonly port: Port;
};

/** Who says something of a backend: a container with a server of it, or one whose words alone hold for it. */
export type Speaker = {
  readonly server?: Server;
  readonly data: RouteData;
  readonly container: ContainerView;
};

/** One container's part in a backend. */
export type Member = Speaker & { readonly server: Server };
