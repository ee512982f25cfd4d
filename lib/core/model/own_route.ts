import type { RouteData } from "../keys/route_data.ts";
import { variantOf } from "../keys/variant.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { HostName, PathPrefix } from "../values/names.ts";
import { backendName } from "../values/section_names.ts";
import { aliasesOf, routeOf } from "./aliases.ts";
import type { Route } from "./model.ts";
import { streamAliases, streamRoute } from "./streams.ts";

/** What names the backend of a container or of a route of a file: its host, its first path and which requests it is for. */
export function ownRoute(
  container: ContainerView,
  data: RouteData,
  host: HostName,
  listen: Route["listen"],
): Route {
  if (listen !== undefined) return streamRoute(container, host, listen);
  const [path = "" as PathPrefix] = data.context_root ?? [];
  const variant = variantOf(data);
  return routeOf(container, host, path, backendName(host, path, variant?.hash), variant);
}

/** What else leads to it. */
export const allAliases = (container: ContainerView, own: Route, data: RouteData): readonly Route[] =>
  own.listen === undefined ? aliasesOf(container, own, data) : streamAliases(container, own, data);
