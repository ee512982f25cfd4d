import { plainShape } from "./merge_options.ts";
import type { Backend, BackendShape, Route } from "./model.ts";
import type { Redirecting } from "./tls_only_hosts.ts";
import type { BackendName, ContainerId } from "../values/names.ts";
import type { NetworkOwner } from "../snapshot/network_owner.ts";
import type { Notice } from "../values/notice.ts";
import { type Attempt, type Circumstances, type Phase, readOffers } from "./offer.ts";
import { SaidBefore } from "../labels/read_routes.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { type InUse, isReachedAs, NOTHING_IN_USE } from "./ways.ts";

/** A backend with what its containers disagree about. */
export type Merged = { readonly backend: Backend; readonly notices: readonly Notice[] };

/** What a backend is made of. */
export type Parts = { readonly members: readonly Member[]; readonly routes: readonly Route[] };

/** A container with what became of what it asks for. */
export type Considered = Circumstances & {
  readonly container: ContainerView;
  readonly attempts: readonly Attempt[];
};

type Pass = {
  readonly said: SaidBefore;
  readonly considered: Map<ContainerId, Considered>;
  readonly merged: Map<BackendName, { readonly parts: Parts; readonly merged: Merged }>;
};

const nothing = (said: SaidBefore): Pass => ({ said, considered: new Map(), merged: new Map() });

/**
 * What the last pass worked out, for one set of settings: a pass after one event reads that one container anew. Views
 * and offers are immutable, so that the same objects always give the same result, and the very same object.
 */
export class ModelMemory {
  #before = nothing(new SaidBefore());
  #now = nothing(new SaidBefore());
  #inUse: InUse = NOTHING_IN_USE;

  /** The shape of a backend whose containers ask for nothing: the same object for all of them. */
  readonly plain: BackendShape;
  /** Backends that redirect for the sake of another's root, by what they were before. */
  readonly redirecting: Redirecting = new WeakMap();

  constructor(readonly settings: RoutingSettings) {
    this.plain = plainShape(settings.balance);
  }

  /** Begins a pass: what the last one did not use is forgotten. */
  begin(inUse: InUse): void {
    this.#inUse = inUse;
    this.#before = this.#now;
    this.#now = nothing(this.#before.said.next());
  }

  /** What a container offers, as readOffers has it. */
  consider(container: ContainerView, phase: Phase, shared: NetworkOwner): Considered {
    const before = this.#before.considered.get(container.id);
    const isSame = before?.container === container && before.shared === shared &&
      before.phase === phase &&
      before.attempts.every(({ offer }) => offer === undefined || isReachedAs(offer.server, this.#inUse));
    const now = isSame ? before : this.#read(container, phase, shared);
    this.#now.considered.set(container.id, now);
    return now;
  }

  #read(container: ContainerView, phase: Phase, shared: NetworkOwner): Considered {
    const attempts = readOffers(
      container,
      { phase, shared, inUse: this.#inUse },
      this.settings,
      this.#now.said,
    );
    return { container, phase, shared, attempts };
  }

  /** What `merge` makes of a backend's parts. */
  mergedOf<P extends Parts>(name: BackendName, parts: P, merge: (parts: P) => Merged): Merged {
    const before = this.#before.merged.get(name);
    const isSame = before !== undefined && isSameList(before.parts.members, parts.members) &&
      isSameList(before.parts.routes, parts.routes);
    const entry = isSame ? before : { parts, merged: merge(parts) };
    this.#now.merged.set(name, entry);
    return entry.merged;
  }
}

const isSameList = (a: readonly object[], b: readonly object[]): boolean =>
  a.length === b.length && a.every((each, at) => each === b[at]);
