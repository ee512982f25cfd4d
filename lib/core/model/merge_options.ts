import { elder } from "./claims.ts";
import { fallbacksOf, keysOf } from "../keys/options.ts";
import { keyNamed } from "../keys/route_keys.ts";
import type { HostName, PathPrefix } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import { type Given, MERGE_RULES, type MergedOptions, type SharedKey, type Tell } from "./merge_rules.ts";
import { type BackendShape, hasTls, type RouteOptions } from "./model.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";

const BACKEND_KEYS = keysOf("backend");
const OPTION_KEYS = keysOf("route");
const SHARED_KEYS: readonly SharedKey[] = [...BACKEND_KEYS, ...OPTION_KEYS];
const FALLBACKS: { readonly [S in "backend" | "route"]: Readonly<Record<string, unknown>> } = {
  backend: fallbacksOf("backend"),
  route: fallbacksOf("route"),
};
const RULES: { readonly [K in SharedKey]?: (said: never, given: Given, tell: Tell) => unknown } = MERGE_RULES;

/** What the containers of one host and path say together. */
export type Shared = { readonly shape: BackendShape; readonly options: RouteOptions };

/** What comes of containers that ask for nothing. */
export function plainShared(settings: Pick<RoutingSettings, "balance" | "redirectsToTls">): Shared {
  return sharedFrom({}, { ...NOWHERE, ...settings, hasTls: true }, () => {});
}

const NOWHERE = { host: "" as HostName, paths: ["" as PathPrefix] };

/**
 * What a backend's containers say together, oldest first: the first that sets an option decides, and the others that want
 * something else get a notice.
 */
export function mergeShared(
  all: readonly Member[],
  { host, paths }: Pick<Given, "host" | "paths">,
  { balance, frontend, redirectsToTls }: RoutingSettings,
  /** The result where no container says anything: one object for all. */
  plain: Shared,
): Shared & { readonly notices: readonly Notice[] } {
  // One that is being started decides nothing before it runs, if another does.
  const running = all.some(isStarting) ? all.filter((member) => !isStarting(member)) : all;
  const members = running.length === 0 ? all : running;
  if (!members.some(saysAnything)) return { ...plain, notices: NONE };
  const notices: Notice[] = [];
  const decided: Decided = {};
  for (const member of members) {
    for (const key of SHARED_KEYS) decide(key, member, decided, notices);
  }
  const given = { balance, host, paths, hasTls: hasTls(frontend), redirectsToTls };
  const shared = sharedFrom(decided, given, (key, complaint) => {
    notices.push({ ...complaint, subject: decided[key]?.by.container.name ?? "" });
  });
  const isSaid = (key: SharedKey) => decided[key] !== undefined;
  return {
    // The same object where nothing of its scope was said: what is made of it is made once.
    shape: BACKEND_KEYS.some(isSaid) ? shared.shape : plain.shape,
    options: OPTION_KEYS.some(isSaid) ? shared.options : plain.options,
    notices,
  };
}

const NONE: readonly Notice[] = [];

const isStarting = ({ server }: Member): boolean => server.gate === "created";

/** Most say nothing at all, and of the others many nothing that is shared. */
function saysAnything({ data }: Member): boolean {
  if (!data.isExplicit) return false;
  // No function for each member: this is called for all of them.
  for (const key of SHARED_KEYS) if (data[key] !== undefined) return true;
  return false;
}

/** What was said of each key, by the container that decides. */
type Decided = { [K in SharedKey]?: { readonly value: unknown; readonly by: Member } };

function decide(key: SharedKey, member: Member, decided: Decided, notices: Notice[]): void {
  const value = member.data[key];
  if (value === undefined) return;
  const before = decided[key];
  if (before === undefined) {
    decided[key] = { value, by: member };
    return;
  }
  if (keyNamed(key).isShared) {
    decided[key] = {
      value: joined(key, before, value as readonly unknown[], member, notices),
      by: before.by,
    };
    return;
  }
  if (before.value === value || JSON.stringify(before.value) === JSON.stringify(value)) return;
  const older = elder(before.by.container.name);
  const message =
    `${key} differs from that of ${older} of the same host, which decides; this one takes hold when that one is gone`;
  notices.push({ severity: "warning", code: "conflict", subject: member.container.name, message });
}

/** A shared list with what another container adds to it; what is about the same as an element of it is left out. */
function joined(
  key: SharedKey,
  before: { readonly value: unknown; readonly by: Member },
  added: readonly unknown[],
  { container }: Member,
  notices: Notice[],
): readonly unknown[] {
  const all = [...before.value as readonly unknown[]];
  const subjectOf = keyNamed(key).subjectOf as ((element: unknown) => string) | undefined;
  if (subjectOf === undefined) return [...all, ...added];
  const known = new Map(all.map((element) => [subjectOf(element), element]));
  for (const element of added) {
    const subject = subjectOf(element);
    const same = known.get(subject);
    if (same === undefined) {
      known.set(subject, element);
      all.push(element);
    } else if (JSON.stringify(same) !== JSON.stringify(element)) {
      const message = `${key} has ${
        quote(subject)
      } otherwise than an older container of the same host, which decides; this one takes hold when that one is gone`;
      notices.push({ severity: "warning", code: "conflict", subject: container.name, message });
    }
  }
  return all;
}

/** `tell` is for the container that decided a key. */
function sharedFrom(decided: Decided, given: Given, tell: Tell): Shared {
  const merged = <S extends "backend" | "route">(scope: S, keys: readonly SharedKey[]) => {
    const options: Record<string, unknown> = { ...FALLBACKS[scope] };
    for (const key of keys) {
      const said = decided[key];
      const rule = RULES[key];
      if (rule !== undefined) options[key] = rule(said?.value as never, given, tell);
      else if (said !== undefined) options[key] = said.value;
    }
    return options as MergedOptions<S>;
  };
  return { shape: merged("backend", BACKEND_KEYS), options: merged("route", OPTION_KEYS) };
}
