import { type Decided, DecidedKeys, SHARED_KEYS } from "./decided.ts";
import { protectsRoute } from "../keys/route_keys.ts";
import { fallbacksOf, keysOf } from "../keys/options.ts";
import type { HostName, PathPrefix } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import { type Given, MERGE_RULES, type MergedOptions, type SharedKey, type Tell } from "./merge_rules.ts";
import { type BackendShape, hasTls, type RouteOptions } from "./model.ts";
import type { RoutingSettings, Speaker } from "./routing_settings.ts";

/** The scopes of shared keys. */
type SharedScope = "backend" | "route";

const KEYS: { readonly [S in SharedScope]: readonly SharedKey[] } = {
  backend: keysOf("backend"),
  route: keysOf("route"),
};
const FALLBACKS: { readonly [S in SharedScope]: Readonly<Record<string, unknown>> } = {
  backend: fallbacksOf("backend"),
  route: fallbacksOf("route"),
};
const RULES: { readonly [K in SharedKey]?: (said: never, given: Given, tell: Tell) => unknown } = MERGE_RULES;

/** What the containers of one host and path say together. */
export type Shared = { readonly shape: BackendShape; readonly options: RouteOptions };

/** Keys that protect and that the oldest container does not say, each with the name of the one that decides it. */
export type Younger = ReadonlyMap<SharedKey, string>;

type Said = Shared & { readonly notices: readonly Notice[]; readonly younger?: Younger };

/** What comes of containers that ask for nothing. */
export function plainShared(settings: Pick<RoutingSettings, "balance" | "redirectsToTls">): Shared {
  const given = { ...NOWHERE, ...settings, hasTls: true, errorPages: undefined };
  return {
    shape: optionsOf("backend", {}, given, () => {}),
    options: optionsOf("route", {}, given, () => {}),
  };
}

const NOWHERE = { host: "" as HostName, paths: ["" as PathPrefix] };

/**
 * What a backend's containers say together, oldest first: the first that sets an option decides, and the others that want
 * something else get a notice.
 */
export function mergeShared(
  all: readonly Speaker[],
  { host, paths }: Pick<Given, "host" | "paths">,
  settings: RoutingSettings,
  /** The result where no container says anything: one object for all. */
  plain: Shared,
): Said {
  // One that is being started decides nothing before it runs, if another does.
  const running = all.some(isStarting) ? all.filter((member) => !isStarting(member)) : all;
  const members = running.length === 0 ? all : running;
  if (!members.some(saysAnything)) return { ...plain, notices: NONE };
  const { byKey: decided, notices } = new DecidedKeys(members, settings);
  const { balance, frontend, redirectsToTls } = settings;
  const { errorPages } = frontend;
  const given = { balance, host, paths, hasTls: hasTls(frontend), errorPages, redirectsToTls };
  const tell: Tell = (key, complaint) => {
    notices.push({ ...complaint, subject: decided[key]?.by.container.name ?? "" });
  };
  const isSaid = (scope: SharedScope) => KEYS[scope].some((key) => decided[key] !== undefined);
  return {
    // The same object where nothing of its scope was said: what is made of it is made once.
    shape: isSaid("backend") ? optionsOf("backend", decided, given, tell) : plain.shape,
    options: isSaid("route") ? optionsOf("route", decided, given, tell) : plain.options,
    notices,
    ...youngerOf(decided, members),
  };
}

function youngerOf(
  decided: Decided,
  [oldest, ...others]: readonly Speaker[],
): { readonly younger?: Younger } {
  if (others.length === 0) return {};
  const younger = new Map<SharedKey, string>();
  for (const key of KEYS.route) {
    const by = decided[key]?.by.container;
    if (by !== undefined && by !== oldest?.container && protectsRoute(key)) younger.set(key, by.name);
  }
  return younger.size === 0 ? {} : { younger };
}

const NONE: readonly Notice[] = [];

const isStarting = ({ server }: Speaker): boolean => server?.gate === "created";

/** Most say nothing at all, and of the others many nothing that is shared. */
function saysAnything({ data }: Speaker): boolean {
  if (!data.isExplicit) return false;
  // No function for each member: this is called for all of them.
  for (const key of SHARED_KEYS) if (data[key] !== undefined) return true;
  return false;
}

/** What the keys of a scope come to. `tell` is for the container that decided a key. */
function optionsOf<S extends SharedScope>(
  scope: S,
  decided: Decided,
  given: Given,
  tell: Tell,
): MergedOptions<S> {
  const options: Record<string, unknown> = { ...FALLBACKS[scope] };
  for (const key of KEYS[scope]) {
    const said = decided[key];
    const rule = RULES[key];
    if (rule !== undefined) options[key] = rule(said?.value as never, given, tell);
    else if (said !== undefined) options[key] = said.value;
  }
  return options as MergedOptions<S>;
}
