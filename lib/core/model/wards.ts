import { keysOf } from "../keys/options.ts";
import type { RouteData } from "../keys/route_data.ts";
import { keyNamed, protectsRoute } from "../keys/route_keys.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { BackendName } from "../values/names.ts";
import { claimantOf } from "./claims.ts";
import { mergeShared, type Shared } from "./merge_options.ts";
import type { Guarded, Route } from "./model.ts";
import { byAge } from "./phases.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";

/** What protects a route that has no server: it holds for whatever else may serve the route's requests. */
export type Ward = {
  readonly own: Route;
  readonly aliases: readonly Route[];
  readonly container: ContainerView;
  /** The keys that protect, alone. */
  readonly data: RouteData;
  /** A mistake hides who may come in: nobody may. */
  readonly isUnclear: boolean;
  /** It may have meant that its host is for HTTPS alone. */
  readonly mayBeTlsOnly: boolean;
};

/** A route of which nothing is left but its words. */
type Unmade = Pick<Ward, "own" | "aliases" | "container" | "data">;

/** Keys that protect a route, and those that say more of one that does. */
const PROTECTING = keysOf("route").filter((key) => {
  const needed = keysOf("route").find((other) => other === keyNamed(key).needs?.key);
  return protectsRoute(key) || (needed !== undefined && protectsRoute(needed));
});

/** Whether a route says who may come in, or may have meant to. */
export const isProtected = (data: RouteData): boolean =>
  data.isUnclear === true || PROTECTING.some((key) => data[key] !== undefined && data[key] !== false);

/** What is left of a route without its server. */
export function wardOf(route: Unmade): Ward {
  const { own, aliases, container, data } = route;
  // A word that opens is of no use without the server that it is about.
  const said = PROTECTING.filter((key) => data[key] !== undefined && data[key] !== false)
    .map((key) => [key, data[key]]);
  const { source, isUnclear = false, mayBeTlsOnly = false } = data;
  const words: RouteData = {
    source,
    isExplicit: said.length > 0,
    fault: undefined,
    off: undefined,
    ...Object.fromEntries(said),
  };
  return { own, aliases, container, data: words, isUnclear, mayBeTlsOnly };
}

/** What is left of an offer whose server cannot be used; one of a container that is being started says nothing yet. */
export const wardFor = (offer: Member & Unmade): { readonly ward?: Ward } =>
  offer.server.gate !== "created" && isProtected(offer.data) ? { ward: wardOf(offer) } : {};

/** Who wrote a route: its container, or the file that it is in. */
export const authorOf = (container: ContainerView): string =>
  container.listed === undefined ? claimantOf(container) : container.name.slice(container.name.indexOf("@"));

/** Who wrote a route that was claimed. */
export const authorOfRoute = ({ by, claimant }: Route): string =>
  by.includes("@") ? by.slice(by.indexOf("@")) : claimant;

/** Routes of one host, path and variant that no container serves, with what protects them. */
export type Unserved = {
  readonly guard: Guarded;
  /** The first is the place itself; the others lead to the same. */
  readonly routes: readonly Route[];
  readonly authors: ReadonlySet<string>;
};

/** What protects the places that no container serves, each once. */
export function unservedOf(
  wards: readonly Ward[],
  settings: RoutingSettings,
  plain: Shared,
): readonly Unserved[] {
  return [...Map.groupBy(wards, ({ own }) => own.backend)].flatMap(([name, all]) => {
    const [first, ...others] = all.toSorted((a, b) => byAge(a.container, b.container));
    return first === undefined ? [] : [toUnserved(name, [first, ...others], settings, plain)];
  });
}

function toUnserved(
  name: BackendName,
  all: readonly [Ward, ...Ward[]],
  settings: RoutingSettings,
  plain: Shared,
): Unserved {
  const routes = new Map(
    all.flatMap(({ own, aliases }) => [own, ...aliases]).map((each) => [each.key, each]),
  );
  const [first] = all;
  const given = { host: first.own.host, paths: [first.own.path] };
  const { options } = mergeShared(all, given, settings, plain);
  return {
    guard: {
      name,
      options,
      isUnclear: all.some(({ isUnclear }) => isUnclear),
      tlsOnlyFor: new Set(all.filter(({ mayBeTlsOnly }) => mayBeTlsOnly).map(({ own }) => own.claimant)),
    },
    // Whom it would send elsewhere is refused, as whom it would serve.
    routes: [...routes.values()].map(({ move: _, ...route }) => route),
    authors: new Set(all.map(({ container }) => authorOf(container))),
  };
}
