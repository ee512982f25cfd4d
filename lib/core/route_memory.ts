import type { RoutingSettings } from "./routing_settings.ts";
import type { Server } from "./model.ts";
import { readRouteData, type RouteData } from "./route_data.ts";
import type { ContainerView } from "./snapshot.ts";

/**
 * What was read of containers that have not changed since: a pass after one event reads that one container anew. The
 * views are immutable, so that the same object always gives the same result.
 */
export class Memory {
  readonly #read = new WeakMap<ContainerView, ReturnType<typeof readRouteData>>();
  readonly #servers = new WeakMap<RouteData, Server>();

  constructor(readonly settings: RoutingSettings) {}

  read(container: ContainerView): ReturnType<typeof readRouteData> {
    const before = this.#read.get(container);
    if (before !== undefined) return before;
    const result = readRouteData(container, this.settings.haproxyVersion);
    this.#read.set(container, result);
    return result;
  }

  /** The object of the last pass where nothing differs, so that what was rendered of it is found again. */
  reuse(data: RouteData, server: Server): Server {
    const before = this.#servers.get(data);
    if (before !== undefined && isSameServer(before, server)) return before;
    this.#servers.set(data, server);
    return server;
  }
}

const memories = new WeakMap<RoutingSettings, Memory>();

/** The memory of one set of settings. */
export function memoryOf(settings: RoutingSettings): Memory {
  const memory = memories.get(settings) ?? new Memory(settings);
  memories.set(settings, memory);
  return memory;
}

function isSameServer(a: Server, b: Server): boolean {
  return a.name === b.name && a.address === b.address && a.port === b.port && a.gate === b.gate &&
    a.via === b.via &&
    a.incarnation === b.incarnation && a.containerName === b.containerName &&
    a.own?.address === b.own?.address;
}
