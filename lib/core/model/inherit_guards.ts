import { splitDenied } from "../keys/access.ts";
import { keysOf } from "../keys/options.ts";
import { keyNamed } from "../keys/route_keys.ts";
import type { BackendName } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { Younger } from "./merge_options.ts";
import type { Backend, Route, RouteOptions } from "./model.ts";

type OptionName = keyof RouteOptions;

/** Keys that protect together, with those that say more of them. */
type Guard = { readonly keys: readonly OptionName[]; readonly details: readonly OptionName[] };

/** Addresses that come in and those that do not are one guard: half of it would let in others. */
const ADDRESSES: readonly OptionName[] = ["allow_from", "deny_from"];

const GUARDS: readonly Guard[] = keysOf("route")
  .filter((key) => isProtecting(key) && key !== ADDRESSES[1])
  .map((key) => ({
    keys: key === ADDRESSES[0] ? ADDRESSES : [key],
    details: keysOf("route").filter((other) => keyNamed(other).needs?.key === key),
  }));

const NO_GUARD: Guard = { keys: [], details: [] };

/** Whether a key protects by itself, and does not only say more of one that does. */
function isProtecting(key: OptionName): boolean {
  const { isGuard, needs } = keyNamed(key);
  return isGuard === true && needs === undefined;
}

/** A route that serves requests which a variant may take, all others or an older variant's, and what it asks for. */
type Parent = { readonly route: Route; readonly options: RouteOptions };

/** What younger containers say of backends, by the backend. */
type YoungerOf = ReadonlyMap<BackendName, Younger>;

/** A guard that holds for a variant, and where it comes from. */
type Held = { readonly keys: readonly OptionName[]; readonly by: Parent };

/** A guard that two of the routes have, each in its own way. */
type Clash = { readonly keys: readonly OptionName[]; readonly parents: readonly [Parent, Parent] };

/**
 * What was to be closed stays closed for all requests: where the route that serves all others is protected, that holds for
 * its variants too, but for a key that they say themselves. A variant of several such routes, of which each is protected in
 * another way, is closed: it would open one by what protects the other. The same holds for older variants whose requests it may
 * take. `above` has these routes by the backend of a variant. Of the containers of a variant the oldest counts: what a younger
 * one says takes nothing from what holds for the older ones.
 */
export function inheritGuards(
  backends: readonly Backend[],
  above: ReadonlyMap<BackendName, ReadonlySet<Route>>,
  youngerOf: YoungerOf,
): { readonly backends: readonly Backend[]; readonly notices: readonly Notice[] } {
  if (above.size === 0) return { backends, notices: [] };
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const notices: Notice[] = [];
  const texts = new GuardTexts();
  const all = backends.map((backend) => {
    const parents = parentsOf(above.get(backend.name) ?? NO_ROUTES, byName);
    if (parents.length === 0) return backend;
    const younger = youngerOf.get(backend.name) ?? NO_YOUNGER;
    const held: Held[] = [];
    const clashes: Clash[] = [];
    for (const at of GUARDS.keys()) {
      compare(at, texts, { own: backend.options, younger }, parents, held, clashes);
    }
    notices.push(...heldNotices(backend, held), ...yieldNotices(held, younger));
    if (clashes.length > 0) notices.push(clashNotice(backend, clashes));
    const hiding = parents.find(({ route }) => route.guard?.isUnclear === true);
    if (hiding !== undefined) notices.push(hiddenNotice(backend, hiding));
    const isClosed = clashes.length > 0 || hiding !== undefined;
    if (held.length === 0 && !isClosed) return backend;
    const inherited = held.reduce((options, each) => inherit(options, each, younger), backend.options);
    const options = withinDenied(inherited, held);
    return { ...backend, options: isClosed ? { ...options, ...CLOSED } : options };
  });
  return { backends: all, notices };
}

const NO_ROUTES: ReadonlySet<Route> = new Set();
const NO_YOUNGER: Younger = new Map();
const NO_BACKEND = "" as BackendName;

/** The name by which what protects a route is known. */
const nameOf = ({ backend, guard }: Route): BackendName => guard?.name ?? backend;

/** Tells whether a route has a guard that another has not, or not so; without another, whether it has any. */
export function comparing(
  backends: readonly Backend[],
): (route: Route, other: Route | undefined) => boolean {
  // Most models have no variants to compare.
  let byName: ReadonlyMap<BackendName, RouteOptions> | undefined;
  const texts = new GuardTexts();
  // Of each pair of backends once, since thousands of places may have the same two.
  const known = new Map<BackendName, Map<BackendName, boolean>>();
  return (route, other) => {
    const name = other === undefined ? NO_BACKEND : nameOf(other);
    let ofRoute = known.get(nameOf(route));
    if (ofRoute === undefined) known.set(nameOf(route), ofRoute = new Map());
    const before = ofRoute.get(name);
    if (before !== undefined) return before;
    byName ??= new Map(backends.map(({ name, options }) => [name, options]));
    const optionsOf = (each: Route | undefined) =>
      each?.guard?.options ?? (each && byName?.get(each.backend));
    const [own, others] = [texts.of(optionsOf(route)), texts.of(optionsOf(other))];
    const isMore = route.guard?.isUnclear === true ||
      own.some((text, at) => text !== undefined && text !== others[at]);
    ofRoute.set(name, isMore);
    return isMore;
  };
}

/** The texts of the guards of routes, each made once: some have thousands of networks. */
class GuardTexts {
  readonly #texts = new Map<Partial<RouteOptions>, readonly (string | undefined)[]>();

  /** In the order of GUARDS; `undefined` for one that the options do not have. */
  of(options: Partial<RouteOptions> | undefined): readonly (string | undefined)[] {
    if (options === undefined) return [];
    let texts = this.#texts.get(options);
    if (texts === undefined) {
      texts = GUARDS.map(({ keys, details }) =>
        keys.some((key) => options[key]) ? keyed(options, keys, details) : undefined
      );
      this.#texts.set(options, texts);
    }
    return texts;
  }
}

/** Nobody's address comes in. */
export const CLOSED: Partial<RouteOptions> = { allow_from: [], deny_from: undefined };

/**
 * Of two networks the longer one counts: one that the variant or its plain route lets in would open what lies in one that the
 * other of them refuses.
 */
function withinDenied(options: RouteOptions, held: readonly Held[]): RouteOptions {
  const half = held.find(({ keys }) => ADDRESSES.filter((key) => keys.includes(key)).length === 1);
  const { allow_from: allowed, deny_from: denied } = options;
  if (half === undefined || allowed === undefined || denied === undefined) return options;
  // The exceptions of who refuses count; a variant that lets in nothing by itself has none.
  const excepted = half.keys.includes("deny_from") ? half.by.options.allow_from ?? [] : [];
  return { ...options, allow_from: splitDenied(allowed, { deny_from: denied, allow_from: excepted }).kept };
}

/** The routes that are served, each backend once; a route that stands for variants alone says nothing of others. */
function parentsOf(
  routes: ReadonlySet<Route>,
  byName: ReadonlyMap<BackendName, Backend>,
): readonly Parent[] {
  const parents = new Map<BackendName, Parent>();
  for (const route of routes) {
    const options = route.guard?.options ?? byName.get(route.backend)?.options;
    if (options === undefined || route.isOnly === true || parents.has(nameOf(route))) continue;
    parents.set(nameOf(route), { route, options });
  }
  return [...parents.values()];
}

/** Finds whether a guard of the parents holds for a variant of them, and whether they agree about it. */
function compare(
  at: number,
  texts: GuardTexts,
  { own, younger }: { readonly own: RouteOptions; readonly younger: Younger },
  parents: readonly Parent[],
  held: Held[],
  clashes: Clash[],
): void {
  const { keys, details } = GUARDS[at] ?? NO_GUARD;
  const unsaid = keys.filter((key) => !own[key] || younger.has(key));
  const protecting = parents.filter(({ options }) => unsaid.some((key) => options[key]));
  const [first, ...others] = protecting;
  if (first === undefined) return;
  const said = (parent: Parent) => [...unsaid, ...details].filter((key) => parent.options[key]);
  const textOf = ({ options }: Parent) =>
    unsaid.length === keys.length ? texts.of(options)[at] : keyed(options, unsaid, details);
  const protects = textOf(first);
  const other = others.find((parent) => textOf(parent) !== protects);
  const limits = protecting.map(({ options }) => options[keys[0] ?? "max_body"]);
  if (other === undefined) held.push({ keys: said(first), by: first });
  // Of two numbers that bound requests, the smaller one holds for both.
  else if (limits.every((limit) => typeof limit === "number")) {
    const by = protecting[limits.indexOf(Math.min(...limits))] ?? first;
    held.push({ keys: said(by), by });
  } else clashes.push({ keys: [...new Set([...said(first), ...said(other)])], parents: [first, other] });
}

/** What protects a route, as a text that is compared; what a wrong value of would cost the key alone protects nothing. */
const keyed = (
  options: Partial<RouteOptions>,
  keys: readonly OptionName[],
  details: readonly OptionName[],
): string =>
  JSON.stringify(
    [...keys, ...details.filter((key) => keyNamed(key).costs === "route")].map((key) => {
      const value = options[key];
      // A redirect is the same by the setting and by a key, and of maintenance only the text differs.
      return key === "ssl_only" || key === "maintenance" ? Boolean(value) : value || null;
    }),
  );

/** The options with a guard that holds. Half of what a younger one says, as how it counts, would weaken the rest. */
function inherit(options: RouteOptions, { keys, by }: Held, younger: Younger): RouteOptions {
  const left = keys.filter((key) => younger.has(key)).flatMap(detailsOf);
  const said = keys.map((key) => [key, by.options[key]]);
  return { ...options, ...Object.fromEntries([...left.map((key) => [key, undefined]), ...said]) };
}

const detailsOf = (key: OptionName): readonly OptionName[] =>
  GUARDS.find(({ keys }) => keys.includes(key))?.details ?? [];

/** One notice for each key of a younger container that does not count. */
function yieldNotices(held: readonly Held[], younger: Younger): Notice[] {
  return held.flatMap(({ keys, by: { route } }) =>
    keys.flatMap((key): Notice[] => {
      const subject = younger.get(key);
      if (subject === undefined) return [];
      const message = `${key} is left out: that of the container ${quote(route.by)} at ${
        placeOf(route)
      } holds for its variant, whose oldest container says none; this one takes hold when that one is gone`;
      return [{ severity: "warning", code: "conflict", subject, message }];
    })
  );
}

function hiddenNotice(backend: Backend, { route }: Parent): Notice {
  const message = `its variant answers 403: a mistake of the container ${
    quote(route.by)
  } hides who may come in at ${placeOf(route)}`;
  return { severity: "warning", code: "guard-hidden", subject: subjectOf(backend), message };
}

/** One notice for each of the routes whose guards hold. */
function heldNotices(backend: Backend, held: readonly Held[]): Notice[] {
  return [...Map.groupBy(held, ({ by }) => by)].map(([{ route }, all]) => {
    const keys = all.flatMap(({ keys }) => keys).filter((key) => keyNamed(key).isGuard).join(", ");
    const message = `${keys} of the container ${quote(route.by)} at ${
      placeOf(route)
    } holds for its variant too`;
    return { severity: "info", code: "guard-held", subject: subjectOf(backend), message };
  });
}

function clashNotice(backend: Backend, clashes: readonly Clash[]): Notice {
  const differing = clashes.map(({ keys, parents: [one, other] }) =>
    `${keys.join(" and ")} of ${placeOf(one.route)} (${quote(one.route.by)}) and ${placeOf(other.route)} (${
      quote(other.route.by)
    })`
  ).join(", ");
  const keys = [...new Set(clashes.flatMap(({ keys }) => keys))].join(", ");
  const message = `its variant answers 403: what protects these hosts differs, ${differing}; ` +
    `expected ${keys} of its own, or a route for each host`;
  return { severity: "warning", code: "guards-differ", subject: subjectOf(backend), message };
}

const placeOf = ({ host, path }: Route): string => `${host}${path}/`;

const subjectOf = ({ routes }: Backend): string =>
  routes.find(({ variant }) => variant !== undefined)?.by ?? "";
