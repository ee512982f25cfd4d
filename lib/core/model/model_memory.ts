import type { ServiceMemory } from "./auth_services.ts";
import { plainShared, type Shared, type Younger } from "./merge_options.ts";
import { type Backend, hasTls, type Route, type Server } from "./model.ts";
import type { BackendName, ContainerId } from "../values/names.ts";
import type { Listen } from "../values/listen.ts";
import type { NetworkOwner } from "../snapshot/network_owner.ts";
import type { Notice } from "../values/notice.ts";
import type { Matches } from "./hosts_above.ts";
import { byAge, type Phase } from "./phases.ts";
import { PassMemory } from "./pass_memory.ts";
import type { Attempt } from "./attempt.ts";
import { withinCheckRate } from "./check_rate.ts";
import { type Circumstances, readOffers } from "./offer.ts";
import { SortedMemory } from "../values/sorted_memory.ts";
import { SaidBefore } from "../labels/read_routes.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { Ward } from "./wards.ts";
import { type InUse, isReachedAs, NOTHING_IN_USE } from "./ways.ts";

/** A backend with what its containers disagree about. */
export type Merged = {
  readonly backend: Backend;
  readonly notices: readonly Notice[];
  readonly younger?: Younger;
};

/** What a backend is made of. */
export type Parts = {
  readonly members: readonly Member[];
  readonly routes: readonly Route[];
  /** What containers say that have no server of it, the oldest first. */
  readonly words: readonly Ward[];
};

/** A container with what became of what it asks for. */
export type Considered = Circumstances & {
  readonly container: ContainerView;
  readonly attempts: readonly Attempt[];
  /** Its servers that can be reached in more than one way; none for most. */
  readonly movable: readonly Server[];
  /** One of its servers has the port of a listener of ours. */
  readonly mayLoop: boolean;
  /** Where it asks HAProxy to listen for TCP; nowhere for most. */
  readonly listens: readonly Listen[];
};

/**
 * What the last pass worked out, for one set of settings: a pass after one event reads that one container anew. Views
 * and offers are immutable, so that the same objects always give the same result, and the very same object.
 */
export class ModelMemory {
  #said = new SaidBefore();
  readonly #considered = new PassMemory<ContainerId, Considered>();
  readonly #merged = new PassMemory<BackendName, { readonly parts: Parts; readonly merged: Merged }>();
  #inUse: InUse = NOTHING_IN_USE;

  /** The containers of all, the oldest first. */
  readonly containers = new SortedMemory<ContainerView>(byAge);
  /** The routes of all, by key. */
  readonly routes = new SortedMemory<Route>((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
  /** The backends of all, by name. */
  readonly backends = new SortedMemory<Backend>((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

  /** Which patterns match which hosts of variants. */
  readonly matches: Matches = new PassMemory();

  /** Backends that ask a container who comes in, with its address. */
  readonly services: ServiceMemory = new WeakMap();

  /** What comes of containers that ask for nothing: the same objects for all backends. */
  readonly plain: Shared;

  constructor(readonly settings: RoutingSettings) {
    this.plain = plainShared({
      balance: settings.balance,
      redirectsToTls: settings.redirectsToTls && hasTls(settings.frontend),
    });
  }

  /** Begins a pass: what the last one did not use is forgotten. */
  begin(inUse: InUse): void {
    this.#inUse = inUse;
    this.#said = this.#said.next();
    this.#considered.begin();
    this.#merged.begin();
    this.matches.begin();
  }

  /** What a container offers, as readOffers has it. */
  consider(container: ContainerView, phase: Phase, shared: NetworkOwner): Considered {
    const before = this.#considered.get(container.id);
    const isSame = before?.container === container && before.shared === shared &&
      before.phase === phase && areReachedAs(before.movable, this.#inUse);
    return isSame ? before : this.#considered.set(container.id, this.#read(container, phase, shared));
  }

  #read(container: ContainerView, phase: Phase, shared: NetworkOwner): Considered {
    const circumstances = { phase, shared, inUse: this.#inUse };
    const attempts = withinCheckRate(
      container,
      readOffers(container, circumstances, this.settings, this.#said),
    );
    let movable = NONE;
    let listens = NO_LISTENS;
    let isNear = false;
    for (const { offer } of attempts) {
      if (offer === undefined) continue;
      const { listen } = offer.own;
      if (listen !== undefined) listens = [...listens, listen];
      if (offer.server.others.length > 0) movable = [...movable, offer.server];
      isNear ||= mayLoop(offer.server, this.settings);
    }
    return { container, phase, shared, attempts, movable, mayLoop: isNear, listens };
  }

  /** What `merge` makes of a backend's parts. */
  mergedOf<P extends Parts>(name: BackendName, parts: P, merge: (parts: P) => Merged): Merged {
    const before = this.#merged.get(name);
    const isSame = before !== undefined && isSameList(before.parts.members, parts.members) &&
      isSameList(before.parts.routes, parts.routes) && isSameList(before.parts.words, parts.words);
    return isSame ? before.merged : this.#merged.set(name, { parts, merged: merge(parts) }).merged;
  }
}

const NONE: readonly Server[] = [];
const NO_LISTENS: readonly Listen[] = [];
const NO_RANGES: NonNullable<RoutingSettings["tcpPorts"]> = [];

/** Whether a server has the port of a listener, wherever it is: no other can be one of our listeners. */
function mayLoop({ port }: Server, { listeners, tcpPorts = NO_RANGES }: RoutingSettings): boolean {
  for (const listener of listeners) if (listener.port === port) return true;
  for (const { first, last } of tcpPorts) if (first <= port && port <= last) return true;
  return false;
}

// Of each container in each pass: a loop is faster than a function for each element.
function areReachedAs(servers: readonly Server[], inUse: InUse): boolean {
  for (const server of servers) if (!isReachedAs(server, inUse)) return false;
  return true;
}

function isSameList(a: readonly object[], b: readonly object[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
