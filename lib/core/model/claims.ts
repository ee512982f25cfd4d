import { quote } from "../values/notice.ts";
import type { TableKey } from "../values/table.ts";
import type { Route } from "./model.ts";

/** Who has each host and path: the backend that asked first. */
export class Claims {
  /** By key. */
  readonly owners = new Map<string, Route>();
  /** Who asked for a route that another has, by key: the first of them. */
  readonly heirs = new Map<TableKey, Route>();

  /**
   * Takes a route for its backend; answers with the route itself where it was free, with the one that another backend has,
   * or with nothing where its backend has it already. One that is being started inherits nothing.
   */
  take(route: Route, isStarting: boolean): Route | undefined {
    const owner = this.owners.get(route.key);
    if (owner === undefined) {
      this.owners.set(route.key, route);
      return route;
    }
    if (owner.backend === route.backend) return undefined;
    if (!isStarting && !this.heirs.has(route.key)) this.heirs.set(route.key, route);
    return owner;
  }
}

/** Why a container does not get a host and path of its own. */
export function whyTaken({ host, path }: Route, owner: Route): string {
  const how = owner.move === undefined ? "served already as an alias" : "redirected already";
  return `${host}${path} is ${how} by ${elder(owner.by)}; this one serves it when that one is gone`;
}

/** The container that came first, as messages call it: a container, or a route of a file, whose name alone has an `@`. */
export const elder = (name: string): string =>
  `${name.includes("@") ? "the route" : "the older container"} ${quote(name)}`;
