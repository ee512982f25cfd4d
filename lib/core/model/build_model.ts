import { AuthServices } from "./auth_services.ts";
import { Claims, elder, whyTaken } from "./claims.ts";
import { mergeShared, type Shared } from "./merge_options.ts";
import { withHost } from "../keys/health_check.ts";
import { type Backend, hasTls, type Model, placeName, type Route, type Server } from "./model.ts";
import { apart, sharedOfStream } from "./streams.ts";
import { type Considered, type Merged, ModelMemory } from "./model_memory.ts";
import { type BackendName, type HostName, type PathPrefix, type ServerName } from "../values/names.ts";
import { numericId } from "../values/section_names.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { comparing, inheritGuards } from "./inherit_guards.ts";
import { NetworkOwners } from "../snapshot/network_owner.ts";
import type { Notice } from "../values/notice.ts";
import { placeVariants } from "./variants.ts";
import { areAllRunning, byAge, type Phase, phaseIn } from "./phases.ts";
import { append, FEW } from "../values/short_list.ts";
import { NoticeList } from "../values/notice_list.ts";
import type { Offer } from "./offer.ts";
import { withLaterCheck } from "./oldest_alone.ts";
import { hostPatterns, wildcardDepths } from "./special_hosts.ts";
import { allListeners, type KnownMachine, UNKNOWN_MACHINE, withoutLoops } from "./own_listener.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";
import { withinLimit } from "./server_limit.ts";
import { holdTlsOnly, NO_HELD } from "./tls_only_hosts.ts";
import { type InUse, NOTHING_IN_USE } from "./ways.ts";

/** The model, and all that the user should know of how it came about. */
export type Built = {
  readonly model: Model;
  readonly notices: readonly Notice[];
  /** Every container, the oldest first. */
  readonly considered: readonly Considered[];
  /** Who got each route, by key. */
  readonly owners: ReadonlyMap<string, Route>;
};

/**
 * Builds what HAProxy should do from what Docker said, from what is known of this machine, and from what was proven of how
 * servers are reached. Never throws on anything that a container wrote.
 */
export function buildModel(
  snapshot: Snapshot,
  settings: RoutingSettings,
  machine: KnownMachine = UNKNOWN_MACHINE,
  inUse: InUse = NOTHING_IN_USE,
  memory = new ModelMemory(settings),
): Built {
  memory.begin(inUse);
  const builder = new Builder(snapshot, settings, machine, memory);
  const containers = inTurn(memory.containers.sort(snapshot.containers), snapshot);
  const all = containers.map((container) => builder.consider(container));
  const listeners = allListeners(settings, builder.listening, snapshot);
  for (const each of all) {
    builder.add(builder.mayLoop ? withoutLoops(each, settings, machine.addresses, listeners) : each);
  }
  const limit = machine.serverLimit;
  if (limit === undefined || builder.servers <= limit.servers) return builder.finish();
  const limited = new Builder(snapshot, settings, machine, memory);
  for (const considered of withinLimit(builder, limit)) limited.add(considered);
  return limited.finish();
}

const TURNS = { running: 0, leaving: 1, stopping: 1, starting: 2 } as const satisfies Record<Phase, number>;

/**
 * The container that came first keeps a host. One that is being stopped or started keeps none that another could answer for.
 */
function inTurn(byAge: readonly ContainerView[], snapshot: Snapshot): readonly ContainerView[] {
  if (areAllRunning(snapshot)) return byAge;
  const turns: ContainerView[][] = [[], [], []];
  for (const container of byAge) turns[TURNS[phaseIn(snapshot, container.id)]]?.push(container);
  return turns.flat();
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

/** A backend in the making; `own` is its own host and path, and one of its routes. */
type Draft = { readonly own: Route; members: Offer[]; routes: Route[] };

/** Patterns of hosts, of all containers. */
const MOST_HOST_PATTERNS = 256;

class Builder {
  readonly notices = new NoticeList();
  readonly considered: Considered[] = [];
  readonly drafts = new Map<BackendName, Draft>();
  readonly claims: Claims;
  readonly #areRunning: boolean;
  readonly #networks: NetworkOwners;
  readonly #patterns = new Set<HostName>();
  /** How many there are, of all backends. */
  servers = 0;
  /** The containers that want HAProxy to listen for them, and whether any could be one of our listeners. */
  readonly listening: Considered[] = [];
  mayLoop = false;

  constructor(
    readonly snapshot: Snapshot,
    readonly settings: RoutingSettings,
    readonly machine: KnownMachine,
    readonly memory: ModelMemory,
  ) {
    this.claims = new Claims(settings.frontend.tls?.port);
    this.#areRunning = areAllRunning(snapshot);
    this.#networks = new NetworkOwners(snapshot);
    this.notices.addAll(snapshot.notices ?? []);
  }

  /** What a container offers, before it meets what others offer. */
  consider(container: ContainerView): Considered {
    const phase = this.#areRunning ? "running" : phaseIn(this.snapshot, container.id);
    const considered = this.memory.consider(container, phase, this.#networks.ownerOf(container));
    if (considered.listens.length > 0) this.listening.push(considered);
    this.mayLoop ||= considered.mayLoop;
    return considered;
  }

  add(considered: Considered): void {
    this.considered.push(considered);
    for (const { notices, more = 0, offer } of considered.attempts) {
      this.notices.addAll(notices);
      if (more > 0) this.notices.hide(considered.container.name, more, "warning");
      if (offer !== undefined) this.addOffer(offer);
    }
  }

  addOffer(offer: Offer): void {
    const { own, aliases, container, server } = offer;
    const isStarting = server.gate === "created";
    let draft = this.drafts.get(own.backend);
    if (draft === undefined) {
      const owner = this.claims.take(own, isStarting);
      if (owner !== undefined && owner !== own) return this.warnOfTaken(container, own, owner, whyNotServed);
      draft = { own, members: [offer], routes: [own] };
      this.drafts.set(own.backend, draft);
    } else draft.members = append(draft.members, offer);
    this.servers++;
    let unseen = 0;
    for (const alias of aliases) {
      if (!this.#hasRoomFor(alias, container)) continue;
      const owner = this.claims.take(alias, isStarting);
      if (owner === alias) draft.routes = append(draft.routes, alias);
      else if (owner === undefined) continue;
      // Thousands of one container are only counted.
      else if (unseen > 0 || this.notices.isFull(container.name)) unseen++;
      else this.warnOfTaken(container, alias, owner, whyNoAlias);
    }
    if (unseen > 0 && !isStarting) this.notices.hide(container.name, unseen, "warning");
  }

  /** HAProxy looks through all patterns of hosts, one after the other: the oldest have their place. */
  #hasRoomFor({ host }: Route, { name }: ContainerView): boolean {
    if (!isHostPattern(host) || this.#patterns.has(host)) return true;
    if (this.#patterns.size < MOST_HOST_PATTERNS) {
      this.#patterns.add(host);
      return true;
    }
    const notice = { severity: "warning", code: "too-many", subject: name } as const;
    const message = `pattern ${
      host.slice(1)
    } is left out: older containers have ${MOST_HOST_PATTERNS} already`;
    this.notices.add(notice, () => ({ ...notice, message }));
    return false;
  }

  /** Whether an offer became a server. */
  readonly isServer = (offer: Offer): boolean =>
    this.claims.owners.get(offer.own.key)?.backend === offer.own.backend;

  /** The route as it was claimed first. */
  readonly ownerOf = ({ key }: Route): Route | undefined => this.claims.owners.get(key);

  warnOfTaken({ id, name }: ContainerView, route: Route, owner: Route, say: typeof whyNotServed): void {
    if (this.snapshot.starting.has(id)) return;
    const notice = { severity: "warning", code: "host-taken", subject: name } as const;
    this.notices.add(notice, () => ({ ...notice, message: say(route, owner) }));
  }

  finish(): Built {
    const { notices, considered, settings } = this;
    const { owners, heirs, deciders } = this.claims;
    const { starting } = this.snapshot;
    const claimed = this.memory.routes.sort([...owners.values()]);
    // A host is not there before a container of its own runs: until then a wildcard's may answer for it.
    const all = starting.size === 0
      ? claimed
      : claimed.filter(({ backend }) => this.drafts.get(backend)?.members.some(hasRun));
    const { http: routes, streams } = apart(all, settings.frontend);
    const services = new AuthServices(this.snapshot, settings, this.#networks, this.memory.services);
    const backends: Backend[] = [];
    for (const [name, draft] of this.drafts) {
      if (starting.size > 0 && !draft.members.some(hasRun)) continue;
      // The oldest decides a backend's options, also while it stops: they change once, when it is gone.
      if (!this.#areRunning) draft.members.sort((a, b) => byAge(a.container, b.container));
      const merged = this.memory.mergedOf(name, draft, (draft) => merge(draft, settings, this.memory.plain));
      notices.addAll(merged.notices);
      backends.push(services.resolve(merged.backend, draft.members));
    }
    notices.addAll(services.notices);
    const variants = placeVariants(owners, routes, {
      matches: this.memory.matches,
      protectsMore: comparing(backends),
    });
    notices.addAll(variants.notices);
    const guarded = inheritGuards(backends, variants.above);
    notices.addAll(guarded.notices);
    const held = hasTls(settings.frontend) ? holdTlsOnly(guarded.backends, owners) : NO_HELD;
    notices.addAll(held.notices);
    const model: Model = {
      frontend: settings.frontend,
      backends: this.memory.backends.sort(guarded.backends),
      routes: variants.only.length === 0 ? routes : [...routes, ...variants.only].sort(byKey),
      streams,
      tlsOnly: held.routes,
      wildcardDepths: wildcardDepths(routes),
      hostPatterns: hostPatterns(owners, routes),
      variants,
      heirs,
      deciders,
    };
    return { model, notices: notices.finish(), considered, owners };
  }
}

const whyNotServed = (route: Route, owner: Route): string =>
  `does not serve ${placeName(route)}: ${whyTaken(route, owner)}`;
const whyNoAlias = (route: Route, owner: Route): string =>
  `${route.move === undefined ? "alias" : "redirect of"} ${placeName(route)} is left out: ${
    elder(owner.by)
  } ${owner.move === undefined ? "serves" : "redirects"} it already; it takes hold when that one is gone`;

const hasRun = ({ server }: Member): boolean => server.gate !== "created";
const byKey = (a: Route, b: Route): number => compare(a.key, b.key);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  compare(a.name, b.name);

function merge({ own, members, routes }: Draft, settings: RoutingSettings, plain: Shared): Merged {
  const { host, path, backend: name } = own;
  const { notices, ...all } = mergeShared(members, { host, paths: pathsOf(own, routes) }, settings, plain);
  const { shape: merged, options } = own.listen === undefined ? all : sharedOfStream(all);
  const servers = members.map((member) => withLaterCheck(merged.check, member));
  sortByName(servers);
  const check = withHost(merged.check, host, servers.map((server) => server.name));
  const shape = check === merged.check ? merged : { ...merged, check };
  const sorted = routes.length > 1 ? [...routes].sort(byKey) : routes;
  const backend = { name, host, path, shape, options, servers: withoutTwins(servers), routes: sorted };
  return { backend, notices };
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
