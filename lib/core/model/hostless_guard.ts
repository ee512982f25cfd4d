import type { RouteData } from "../keys/route_data.ts";
import { KEY_NAMES, keyNamed } from "../keys/route_keys.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { routeHost } from "./choose_host.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { isProtected } from "./wards.ts";

/** Connections that are told by SNI go by other tables than requests. */
const isStream = ({ protocol, ssl_passthrough: isPassed }: RouteData): boolean =>
  protocol === "tls" || isPassed === true;

const GUARDS = KEY_NAMES.filter((key) => key !== "enable" && keyNamed(key).isGuard === true);

/**
 * Why no route of a container is served: one of them says who may come in, or has a mistake, and names no host, so that it
 * would protect nothing: `interlock.allow_from` beside `interlock.api.hostname`. Whoever wrote it meant the others. Or one of them
 * protects a place that a mistake hides: another one would serve it.
 */
export function hostlessGuard(
  container: ContainerView,
  routes: readonly RouteData[],
  settings: RoutingSettings,
): string | undefined {
  const isServed = ({ fault, off }: RouteData) => fault === undefined && off === undefined;
  if (routes.length < 2 || !routes.some(isServed)) return undefined;
  for (const data of routes) {
    const guard = GUARDS.find((key) => data[key] !== undefined && data[key] !== false);
    if (!data.isExplicit || data.off !== undefined || (guard === undefined && data.fault === undefined)) {
      continue;
    }
    if (data.fault !== undefined && isProtected(data) && (data.isPlaceUnknown === true || isStream(data))) {
      return `${data.fault}: it protects a route that nobody can tell from the others of the container`;
    }
    // The host of a TCP port may be the container's name.
    if (data.protocol === "tcp") continue;
    const found = routeHost(container, data, settings.defaultDomain);
    if (found.host !== undefined || found.isWrong) continue;
    return `${
      guard ?? "a mistake"
    } of ${data.source} is of a route that names no host: expected a hostname beside it`;
  }
  return undefined;
}
