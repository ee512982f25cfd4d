import { quote } from "../values/notice.ts";
import type { TableKey } from "../values/table.ts";
import type { Route } from "./model.ts";
import type { Port } from "../values/names.ts";

/** Who has each host and path: the backend that asked first. */
export class Claims {
  /** By key. */
  readonly owners = new Map<string, Route>();
  /** Who asked for a route that another has, by key: the first of them. */
  readonly heirs = new Map<TableKey, Route>();
  /** Who had each port for TCP first: HAProxy cannot tell two protocols apart there. */
  readonly #ports = new Map<Port, Route>();

  /**
   * Takes a route for its backend; answers with the route itself where it was free, with the one that another backend has,
   * or with nothing where its backend has it already. One that is being started inherits nothing.
   */
  take(route: Route, isStarting: boolean): Route | undefined {
    const first = route.listen && this.#ports.get(route.listen.port);
    if (first !== undefined && first.listen?.protocol !== route.listen?.protocol) return first;
    const owner = this.owners.get(route.key);
    if (owner === undefined) {
      this.owners.set(route.key, route);
      if (route.listen !== undefined && first === undefined) this.#ports.set(route.listen.port, route);
      return route;
    }
    if (owner.backend === route.backend) return undefined;
    if (!isStarting && !this.heirs.has(route.key)) this.heirs.set(route.key, route);
    return owner;
  }
}

/** Why a container does not get a host and path of its own. */
export function whyTaken(route: Route, owner: Route): string {
  if (route.listen !== undefined) {
    const { listen = route.listen, host, by } = owner;
    const how = listen.protocol === route.listen.protocol
      ? `for ${host}: expected that host, or another listen_port`
      : `with protocol ${listen.protocol}: expected another listen_port`;
    return `${elder(by)} has ${route.listen.protocol === "tcp" ? "it" : "that port"} ${how}`;
  }
  const { host, path } = route;
  const how = owner.move === undefined ? "served already as an alias" : "redirected already";
  return `${host}${path} is ${how} by ${elder(owner.by)}; this one serves it when that one is gone`;
}

/** The container that came first, as messages call it: a container, or a route of a file, whose name alone has an `@`. */
export const elder = (name: string): string =>
  `${name.includes("@") ? "the route" : "the older container"} ${quote(name)}`;
