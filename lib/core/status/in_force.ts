import { isPattern, type Move, readMove, sourceOf } from "../keys/redirect.ts";
import { KEY_NAMES, type KeyName, keyNamed } from "../keys/route_keys.ts";
import type { Built } from "../model/build_model.ts";
import type { Backend } from "../model/model.ts";
import { type Origin, Origins } from "../model/origins.ts";
import type { Verdict } from "../model/verdict.ts";
import { quote } from "../values/notice.ts";
import { routeKey } from "../values/names.ts";

/** A key that narrows, redirects or protects a route, in words, and where it was said, as far as that is known. */
export type Rule = { readonly key: KeyName; readonly value: string; readonly from?: string };

/** A redirect: a host and path, or `~` and a pattern of paths; where it leads, and where it was said. */
export type Redirected = {
  readonly source: string;
  readonly target: string;
  readonly code: number;
  readonly from?: string;
};

/** What holds for a route beside where it leads. */
export type InForce = { readonly rules: readonly Rule[]; readonly redirects: readonly Redirected[] };

/** Looks up what is in force for what a container serves; nothing for a verdict that serves nothing. */
export function findInForce(built: Built): (verdict: Verdict) => InForce {
  const origins = new Origins(built);
  const backends = new Map(built.model.backends.map((backend) => [backend.name, backend]));
  return (verdict) => {
    const backend = backends.get(verdict.hosts[0]?.backend ?? "" as Backend["name"]);
    if (backend === undefined) return { rules: [], redirects: [] };
    return {
      rules: rulesOf(backend, verdict, built, origins),
      redirects: redirectsOf(backend, verdict, origins),
    };
  };
}

const TOLD = KEY_NAMES.filter((key) => keyNamed(key).shown !== undefined);

function rulesOf(
  backend: Backend,
  { container, hosts }: Verdict,
  { owners, model }: Built,
  origins: Origins,
): Rule[] {
  // What protects the route of the same host and path holds for its variants too.
  const above = owners.get(routeKey(backend.host, backend.path))?.backend ?? backend.name;
  const options: Readonly<Record<string, unknown>> = backend.options;
  return TOLD.flatMap((key): Rule[] => {
    const { scope, shown } = keyNamed(key);
    const ofRoute = options[key];
    // Most keys are said by nobody: nobody is looked for who might have.
    if (scope === "route" && (ofRoute === undefined || ofRoute === false) && key !== "ssl_only") return [];
    // Who serves some requests of a route says of which, each for itself.
    const said = origins.find(backend.name, key, { by: scope === "place" ? container.name : undefined });
    const value = scope === "route" ? ofRoute : said?.value;
    if (key === "ssl_only" && !value && hosts.some((route) => model.tlsOnly.has(route.key))) {
      return [{ key, value: "true", from: "as at the root of its host" }];
    }
    if (shown === undefined || value === undefined || value === false) return [];
    const words = (shown as (value: unknown) => string)(value);
    if (value === "setting" && key === "ssl_only") return [{ key, value: words, from: "--https-redirect" }];
    return [{ key, value: words, ...fromOf(said ?? origins.find(above, key), container.name) }];
  });
}

function redirectsOf(backend: Backend, { container, hosts }: Verdict, origins: Origins): Redirected[] {
  const redirected = (source: string, move: Move): Redirected => {
    const isSame = (each: Parameters<typeof sourceOf>[0]) => sourceOf(each) === source;
    const said = origins.find(backend.name, "redirects", { has: (all) => all.some(isSame) });
    return { source, ...readMove(move), ...fromOf(said, container.name) };
  };
  const places = hosts.flatMap(({ host, path, move }) =>
    move === undefined ? [] : [redirected(host + path, move)]
  );
  const patterns = (backend.options.redirects ?? []).filter(isPattern);
  return [...places, ...patterns.map((redirect) => redirected(sourceOf(redirect), redirect.move))];
}

function fromOf(origin: Origin | undefined, container: string): { readonly from?: string } {
  if (origin === undefined) return {};
  return { from: origin.by === container ? origin.place : originWords(origin) };
}

/** Where something was said, and by whom. */
export const originWords = ({ by, place }: Origin): string =>
  `${place} of ${by.includes("@") ? "the route" : "the container"} ${quote(by)}`;
