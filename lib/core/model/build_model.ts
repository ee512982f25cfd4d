import { AuthServices } from "./auth_services.ts";
import { Claims, elder, whyTaken } from "./claims.ts";
import { closePlaces } from "./closed_places.ts";
import { type Draft, mergeBackend, withoutMistaken } from "./merge_backend.ts";
import type { Younger } from "./merge_options.ts";
import { type Backend, hasTls, type Model, placeName, type Route } from "./model.ts";
import { apart } from "./streams.ts";
import { withoutOpenStreams } from "./open_streams.ts";
import { type Considered, ModelMemory } from "./model_memory.ts";
import type { BackendName, HostName } from "../values/names.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { comparing, inheritGuards } from "./inherit_guards.ts";
import { NetworkOwners } from "../snapshot/network_owner.ts";
import type { Notice } from "../values/notice.ts";
import { placeVariants } from "./variants.ts";
import { areAllRunning, byAge, type Phase, phaseIn } from "./phases.ts";
import { append } from "../values/short_list.ts";
import { NoticeList } from "../values/notice_list.ts";
import type { Offer } from "./attempt.ts";
import { hostPatterns, wildcardDepths } from "./special_hosts.ts";
import { allListeners, type KnownMachine, UNKNOWN_MACHINE, withoutLoops } from "./own_listener.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";
import { withinLimit } from "./server_limit.ts";
import { holdTlsOnly, NO_HELD } from "./tls_only_hosts.ts";
import { type Unserved, unservedOf, type Ward, wardFor } from "./wards.ts";
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
  /** What protects routes that have no server, the oldest container's first. */
  readonly wards: Ward[] = [];
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

  add(given: Considered): void {
    const considered = withoutOpenStreams(given);
    this.considered.push(considered);
    for (const { notices, more = 0, offer, ward } of considered.attempts) {
      this.notices.addAll(notices);
      if (more > 0) this.notices.hide(considered.container.name, more, "warning");
      if (offer !== undefined) this.addOffer(offer);
      if (ward !== undefined) this.wards.push(ward);
    }
  }

  addOffer(offer: Offer): void {
    const { own, aliases, container, server } = offer;
    const isStarting = server.gate === "created";
    let draft = this.drafts.get(own.backend);
    if (draft === undefined) {
      const owner = this.claims.take(own, isStarting);
      if (owner !== undefined && owner !== own) {
        this.#keepGuard(offer, own);
        return this.warnOfTaken(container, own, owner, whyNotServed);
      }
      draft = { own, members: [offer], routes: [own], words: [] };
      this.drafts.set(own.backend, draft);
    } else draft.members = append(draft.members, offer);
    this.servers++;
    let unseen = 0;
    for (const alias of aliases) {
      if (!this.#hasRoomFor(alias, container)) {
        this.#keepGuard(offer, alias);
        continue;
      }
      const owner = this.claims.take(alias, isStarting);
      if (owner !== undefined && owner !== alias) this.#keepGuard(offer, alias);
      if (owner === alias) draft.routes = append(draft.routes, alias);
      else if (owner === undefined) continue;
      // Thousands of one container are only counted.
      else if (unseen > 0 || this.notices.isFull(container.name)) unseen++;
      else this.warnOfTaken(container, alias, owner, whyNoAlias);
    }
    if (unseen > 0 && !isStarting) this.notices.hide(container.name, unseen, "warning");
  }

  /** What protects a host and path that another one has, or that has no room: another route of the container might serve it. */
  #keepGuard(offer: Offer, route: Route): void {
    const { ward } = wardFor(offer);
    if (ward !== undefined) this.wards.push({ ...ward, own: route, aliases: [] });
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
    const { http, streams } = apart(all, settings.frontend);
    const unserved = this.#unserved();
    const { backends, younger } = this.#merged();
    const closed = closePlaces(unserved, http, {
      owners,
      drafts: this.drafts,
      matches: this.memory.matches,
      mostPatterns: MOST_HOST_PATTERNS,
    });
    notices.addAll(closed.notices);
    const { routes } = closed;
    const variants = placeVariants(closed.owners, routes, {
      matches: this.memory.matches,
      protectsMore: comparing(backends),
      unserved: closed.unserved,
    });
    notices.addAll(variants.notices);
    const guarded = inheritGuards(backends, variants.above, younger);
    notices.addAll(guarded.notices);
    const held = hasTls(settings.frontend)
      ? holdTlsOnly(guarded.backends, closed.owners, closed.unserved)
      : NO_HELD;
    notices.addAll(held.notices);
    const model: Model = {
      frontend: settings.frontend,
      backends: this.memory.backends.sort(guarded.backends),
      routes: variants.only.length === 0 ? routes : [...routes, ...variants.only].sort(byKey),
      streams,
      tlsOnly: held.routes,
      wildcardDepths: wildcardDepths(routes),
      hostPatterns: hostPatterns(closed.owners, routes),
      variants,
      heirs: withoutHeirsOf(heirs, unserved),
      deciders,
    };
    return { model, notices: notices.finish(), considered, owners };
  }

  /** Gives each backend the words of those that have no server of it; answers with all of them by their places. */
  #unserved(): readonly Unserved[] {
    if (this.wards.length === 0) return [];
    for (const ward of this.wards) {
      const draft = this.drafts.get(ward.own.backend);
      if (draft?.members.some(hasRun) === true) draft.words = append(draft.words, ward);
    }
    for (const draft of this.drafts.values()) {
      if (draft.words.length > 0) draft.members = withoutMistaken(draft);
    }
    return unservedOf(
      this.wards.filter(({ own }) => own.listen === undefined),
      this.settings,
      this.memory.plain,
    );
  }

  #merged(): { readonly backends: readonly Backend[]; readonly younger: ReadonlyMap<BackendName, Younger> } {
    const { notices, settings } = this;
    const { starting } = this.snapshot;
    const services = new AuthServices(this.snapshot, settings, this.#networks, this.memory.services);
    const backends: Backend[] = [];
    const younger = new Map<BackendName, Younger>();
    for (const [name, draft] of this.drafts) {
      if (starting.size > 0 && !draft.members.some(hasRun)) continue;
      // The oldest decides a backend's options, also while it stops: they change once, when it is gone.
      if (!this.#areRunning) draft.members.sort((a, b) => byAge(a.container, b.container));
      const merged = this.memory.mergedOf(
        name,
        draft,
        (draft) => mergeBackend(draft, settings, this.memory.plain),
      );
      notices.addAll(merged.notices);
      if (merged.younger !== undefined) younger.set(name, merged.younger);
      backends.push(services.resolve(merged.backend, [...draft.members, ...draft.words]));
    }
    notices.addAll(services.notices);
    return { backends, younger };
  }
}

const whyNotServed = (route: Route, owner: Route): string =>
  `does not serve ${placeName(route)}: ${whyTaken(route, owner)}`;
const whyNoAlias = (route: Route, owner: Route): string =>
  `${route.move === undefined ? "alias" : "redirect of"} ${placeName(route)} is left out: ${
    elder(owner.by)
  } ${owner.move === undefined ? "serves" : "redirects"} it already; it takes hold when that one is gone`;

/** What was to be protected at a place goes to no heir, which may be the same container's. */
function withoutHeirsOf(heirs: Model["heirs"], unserved: readonly Unserved[]): Model["heirs"] {
  const places = new Set(unserved.flatMap(({ routes }) => routes.map(({ key }) => key)));
  return places.size === 0 ? heirs : new Map([...heirs].filter(([key]) => !places.has(key)));
}

const hasRun = ({ server }: Member): boolean => server.gate !== "created";
const byKey = (a: Route, b: Route): number => compare(a.key, b.key);
