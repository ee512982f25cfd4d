import type { Backend, Model, Route } from "./model.ts";
import { streamsOf } from "./streams.ts";

/** A model with these of its backends alone, and the routes that lead to them. */
export function onlyBackends(model: Model, backends: readonly Backend[]): Model {
  const names = new Set(backends.map((backend) => backend.name));
  const isIn = (route: Route) => names.has(route.backend);
  const routes = model.routes.filter(isIn);
  const streams = streamsOf(model.streams.routes.filter(isIn), routes, model.frontend);
  return { ...model, backends, routes, streams };
}
