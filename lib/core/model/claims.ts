import { quote } from "../values/notice.ts";
import type { TableKey } from "../values/table.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { Claimant, Route } from "./model.ts";
import type { HostName, Port } from "../values/names.ts";

/** Who has each host and path: the backend that came first. */
export class Claims {
  /** By key. */
  readonly owners = new Map<string, Route>();
  /** Who wanted a route that another has, by key: the first of them. */
  readonly heirs = new Map<TableKey, Route>();
  /** Who had each port for TCP first: HAProxy cannot tell two protocols apart there. */
  readonly #ports = new Map<Port, Route>();
  /** Who had each host first: of those of HTTP, and of those that come by TLS on the port of HTTPS. */
  readonly #ended = new Map<HostName, Route>();
  readonly #passed = new Map<HostName, Route>();
  /**
   * Who had each host first of those whose TLS HAProxy ends, on whatever port: a handshake knows the host alone, so that this
   * one decides about its certificate and its clients'. Empty where HAProxy ends no TLS.
   */
  readonly deciders = new Map<HostName, Route>();

  /** `tlsPort` is where HAProxy ends TLS, if it does. */
  constructor(readonly tlsPort: Port | undefined = undefined) {}

  /**
   * Takes a route for its backend; answers with the route itself where it was free, with the one that another backend has,
   * or with nothing where its backend has it already. One that is being started inherits nothing.
   */
  take(route: Route, isStarting: boolean): Route | undefined {
    const other = this.#otherOf(route);
    if (other !== undefined) return other;
    const owner = this.owners.get(route.key);
    if (owner === undefined) {
      this.owners.set(route.key, route);
      this.#note(route);
      return route;
    }
    if (owner.backend === route.backend) return undefined;
    if (!isStarting && !this.heirs.has(route.key)) this.heirs.set(route.key, route);
    return owner;
  }

  /** An older route that leaves no room for one: its port speaks another protocol, or its host's TLS ends elsewhere. */
  #otherOf({ listen, host, claimant }: Route): Route | undefined {
    const first = listen && this.#ports.get(listen.port);
    if (first !== undefined && first.listen?.protocol !== listen?.protocol) return first;
    if (this.tlsPort === undefined || (listen !== undefined && listen.port !== this.tlsPort)) {
      return undefined;
    }
    // What is passed through on the port of HTTPS takes what authorities ask there about the host (RFC 8737).
    const ended = listen === undefined || listen.isEnded === true ? this.#ended : this.deciders;
    const other = (listen === undefined ? this.#passed : ended).get(host);
    // One container may serve HTTP itself, and have its TLS left as it is.
    return other?.claimant === claimant ? undefined : other;
  }

  #note(route: Route): void {
    const { listen, host } = route;
    if (listen !== undefined && !this.#ports.has(listen.port)) this.#ports.set(listen.port, route);
    if (this.tlsPort === undefined) return;
    if ((listen === undefined || listen.isEnded === true) && !this.deciders.has(host)) {
      this.deciders.set(host, route);
    }
    if (listen !== undefined && listen.port !== this.tlsPort) return;
    const hosts = listen === undefined ? this.#ended : this.#passed;
    if (!hosts.has(host)) hosts.set(host, route);
  }
}

/** Who claims the routes of a container; those of a file's route have its id too. */
export const claimantOf = ({ id, engine }: Pick<ContainerView, "id" | "engine">): Claimant =>
  engine === undefined ? id : `${engine.address} ${id}`;

/** Why a container does not get a host and path of its own. */
export function whyTaken(route: Route, owner: Route): string {
  const { listen, host, path } = route;
  if (listen === undefined && owner.listen !== undefined) {
    if (owner.listen.isEnded === true) {
      return `${elder(owner.by)} has the TLS of ${host} with protocol tls: expected another host`;
    }
    return `${elder(owner.by)} has the TLS of ${host} left as it is: expected another host`;
  }
  if (listen !== undefined && owner.listen === undefined) {
    return `${elder(owner.by)} serves ${host}, and HAProxy ends its TLS: expected another host`;
  }
  if (listen !== undefined && owner.listen !== undefined) {
    if (listen.protocol === owner.listen.protocol && listen.isEnded !== owner.listen.isEnded) {
      const word = owner.listen.isEnded === true ? "ended by HAProxy" : "left as it is";
      return `${
        elder(owner.by)
      } has the TLS of ${host} ${word}: expected the same ssl_passthrough, or another host`;
    }
    const how = owner.listen.protocol === listen.protocol
      ? `for ${owner.host}: expected that host, or another listen_port`
      : `with protocol ${owner.listen.protocol}: expected another listen_port`;
    return `${elder(owner.by)} has ${listen.protocol === "tcp" ? "it" : "that port"} ${how}`;
  }
  const how = owner.move === undefined ? "served already as an alias" : "redirected already";
  return `${host}${path} is ${how} by ${elder(owner.by)}; this one serves it when that one is gone`;
}

/** The container that came first, as messages call it: a container, or a route of a file, whose name alone has an `@`. */
export const elder = (name: string): string =>
  `${name.includes("@") ? "the route" : "the older container"} ${quote(name)}`;
