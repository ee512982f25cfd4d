import { withHost } from "../keys/health_check.ts";
import type { PathPrefix, ServerName } from "../values/names.ts";
import { numericId } from "../values/section_names.ts";
import { FEW } from "../values/short_list.ts";
import { CLOSED } from "./inherit_guards.ts";
import { mergeShared, type Shared } from "./merge_options.ts";
import type { Route, Server } from "./model.ts";
import type { Merged } from "./model_memory.ts";
import type { Offer } from "./attempt.ts";
import { withLaterCheck } from "./oldest_alone.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { sharedOfStream } from "./streams.ts";
import { authorOf, type Ward } from "./wards.ts";

/** A backend in the making; `own` is its own host and path, and one of its routes. */
export type Draft = { readonly own: Route; members: Offer[]; routes: Route[]; words: Ward[] };

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
const byKey = (a: Route, b: Route): number => a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

/** A backend, from its containers and its routes. */
export function mergeBackend(
  { own, members, routes, words }: Draft,
  settings: RoutingSettings,
  plain: Shared,
): Merged {
  const { host, path, backend: name } = own;
  // Words without a server only add to what those say that serve.
  const speakers = words.length === 0 ? members : [...members, ...words];
  const given = { host, paths: pathsOf(own, routes) };
  const { notices, younger, ...all } = mergeShared(speakers, given, settings, plain);
  const { shape: merged, options: said } = own.listen === undefined ? all : sharedOfStream(all);
  const options = isShut({ members, words }) ? { ...said, ...CLOSED } : said;
  const servers = members.map((member) => withLaterCheck(merged.check, member));
  sortByName(servers);
  const check = withHost(merged.check, host, servers.map((server) => server.name));
  const shape = check === merged.check ? merged : { ...merged, check };
  const sorted = routes.length > 1 ? [...routes].sort(byKey) : routes;
  const backend = { name, host, path, shape, options, servers: withoutTwins(servers), routes: sorted };
  return { backend, notices, ...younger !== undefined && { younger } };
}

/** Whether who wrote its servers made a mistake in what was to protect the same host, path and variant. */
function isShut({ members, words }: Pick<Draft, "members" | "words">): boolean {
  const authors = mistakenOf(words);
  return authors.size > 0 && members.some(({ container }) => authors.has(authorOf(container)));
}

const mistakenOf = (words: readonly Ward[]): ReadonlySet<string> =>
  new Set(words.flatMap(({ container, isUnclear }) => isUnclear ? [authorOf(container)] : []));

/** The members without those of a container that made such a mistake, where there are others: it costs these nothing. */
export function withoutMistaken({ members, words }: Draft): Offer[] {
  const authors = mistakenOf(words);
  if (authors.size === 0) return members;
  const others = members.filter(({ container }) => !authors.has(authorOf(container)));
  return others.length === 0 ? members : others;
}

/** The paths that a backend serves, its own one first. */
function pathsOf({ path }: Route, routes: readonly Route[]): readonly PathPrefix[] {
  const others = routes.filter((route) => route.path !== path && route.move === undefined);
  return others.length === 0 ? [path] : [path, ...new Set(others.map((other) => other.path))];
}

function sortByName(servers: Server[]): void {
  if (servers.length > FEW) return void servers.sort(byName);
  for (let at = 1; at < servers.length; at++) {
    for (let to = at; to > 0; to--) {
      const [before, after] = [servers[to - 1], servers[to]];
      if (before === undefined || after === undefined || before.name <= after.name) break;
      servers[to - 1] = after;
      servers[to] = before;
    }
  }
}

/**
 * A container may ask for the same host and port twice: the second server gets a number, so that neither is lost. A
 * numeric id, which is a hash of the name, is rarely that of another name: then it moves on.
 */
function withoutTwins(servers: readonly Server[]): readonly Server[] {
  if (servers.length <= FEW && !servers.some(hasTwin)) return servers;
  const names = new Map<ServerName, number>();
  const named = servers.map((server) => withUniqueName(server, names));
  sortByName(named);
  const ids = new Set<number>();
  return named.map((server) => {
    let id = server.numericId;
    while (ids.has(id)) id = id % 0x7fffffff + 1;
    ids.add(id);
    return id === server.numericId ? server : { ...server, numericId: id };
  });
}

/** Two of one name are of one id too. */
const hasTwin = ({ numericId }: Server, at: number, all: readonly Server[]): boolean =>
  all.findIndex((each) => each.numericId === numericId) < at;

/** `taken` has each name that is taken, with the last number that was put to it. */
function withUniqueName(server: Server, taken: Map<ServerName, number>): Server {
  let name = server.name;
  let count = taken.get(name) ?? 1;
  while (taken.has(name)) name = `${server.name}:${++count}` as ServerName;
  taken.set(server.name, count);
  if (name === server.name) return server;
  taken.set(name, 1);
  return { ...server, name, numericId: numericId(name) };
}
