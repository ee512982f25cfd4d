import { keysOf } from "../keys/options.ts";
import { protectsRoute } from "../keys/route_keys.ts";
import type { Backend, Model, Route } from "./model.ts";
import { streamsOf } from "./streams.ts";

const PROTECTING = keysOf("route").filter(protectsRoute);

/**
 * A model with these of its backends alone, and the routes that lead to them. The places of protected ones that are left out stay
 * closed: another route of their container might serve them.
 */
export function onlyBackends(model: Model, backends: readonly Backend[]): Model {
  const names = new Set(backends.map((backend) => backend.name));
  const isIn = (route: Route) => names.has(route.backend);
  const left = new Map(
    model.backends.filter(({ name }) => !names.has(name)).map((each) => [each.name, each]),
  );
  const [instead] = backends;
  const routes = model.routes.flatMap((route) =>
    isIn(route) ? [route] : instead === undefined ? [] : closed(route, left.get(route.backend), instead)
  );
  const streams = streamsOf(model.streams.routes.filter(isIn), routes, model.frontend);
  return { ...model, backends, routes, streams };
}

function closed(route: Route, left: Backend | undefined, instead: Backend): Route[] {
  const { isOnly, move, guard } = route;
  if (guard !== undefined) return [{ ...route, backend: instead.name }];
  if (left === undefined || isOnly === true || move !== undefined) return [];
  const { name, options } = left;
  if (!PROTECTING.some((key) => options[key])) return [];
  return [{
    ...route,
    backend: instead.name,
    guard: { name, options, isUnclear: true, tlsOnlyFor: new Set() },
  }];
}
