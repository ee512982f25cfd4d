import { keysOf } from "../keys/options.ts";
import { keyNamed } from "../keys/route_keys.ts";
import type { BackendName } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { Backend, Route, RouteOptions } from "./model.ts";

type OptionName = keyof RouteOptions;

/** Keys that protect, with those that say more of them. */
const GUARDS: readonly (readonly OptionName[])[] = keysOf("route").filter((key) =>
  keyNamed(key).isGuard === true
)
  .map((guard) => [guard, ...keysOf("route").filter((key) => keyNamed(key).needs?.key === guard)]);

/**
 * What was to be closed stays closed for all requests: where the route that serves all others is protected, that holds for
 * its variants too, but for a key that they say themselves. `above` has these routes by the backend of a variant.
 */
export function inheritGuards(
  backends: readonly Backend[],
  above: ReadonlyMap<BackendName, readonly Route[]>,
): { readonly backends: readonly Backend[]; readonly notices: readonly Notice[] } {
  if (above.size === 0) return { backends, notices: [] };
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const notices: Notice[] = [];
  const all = backends.map((backend) => {
    let { options } = backend;
    for (const route of above.get(backend.name) ?? []) {
      const parent = byName.get(route.backend);
      // A variant says nothing of the others.
      if (parent === undefined || route.isOnly === true) continue;
      const held = GUARDS.filter(([guard]) =>
        guard !== undefined && !options[guard] && parent.options[guard]
      );
      if (held.length === 0) continue;
      options = { ...options, ...valuesOf(parent.options, held.flat()) };
      notices.push(heldNotice(backend, route, held));
    }
    return options === backend.options ? backend : { ...backend, options };
  });
  return { backends: all, notices };
}

const valuesOf = (options: RouteOptions, keys: readonly OptionName[]): Partial<RouteOptions> =>
  Object.fromEntries(keys.map((key) => [key, options[key]]));

function heldNotice(
  { routes }: Backend,
  { by, host, path }: Route,
  held: readonly (readonly OptionName[])[],
): Notice {
  const keys = held.map(([guard]) => guard).join(", ");
  const message = `${keys} of the container ${quote(by)} at ${host}${path}/ holds for its variant too`;
  const subject = routes.find(({ variant }) => variant !== undefined)?.by ?? "";
  return { severity: "info", code: "guard-held", subject, message };
}
