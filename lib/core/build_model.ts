import { mergeShape } from "./backend_shape.ts";
import type { Backend, Model, Route, Server } from "./model.ts";
import { memoryOf, type Merged, type ModelMemory } from "./model_memory.ts";
import { type BackendName, type HostName, isWildcard, type PathPrefix, type ServerName } from "./names.ts";
import { type Notice, quote } from "./notice.ts";
import { type Claim, numericId, type Offer } from "./offer.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView, Snapshot } from "./snapshot.ts";

/** What became of one thing that a container offers: for `explain`. */
export type Verdict = {
  readonly container: ContainerView;
  readonly hosts: readonly { readonly host: HostName; readonly path: PathPrefix }[];
  readonly server: Server | undefined;
  /** Why it serves nothing, where it serves nothing. */
  readonly why: string | undefined;
};

/** The model, and all that the user should know of how it came about. */
export type Built = {
  readonly model: Model;
  readonly notices: readonly Notice[];
  readonly verdicts: readonly Verdict[];
};

/** Builds what HAProxy should do from what Docker said. Never throws on anything that a container wrote. */
export function buildModel(snapshot: Snapshot, settings: RoutingSettings): Built {
  const builder = new Builder(snapshot, settings);
  // The oldest first: whoever came first keeps a host. One that was told to stop keeps none that another could answer for.
  const { stopping } = snapshot;
  const containers = [...snapshot.containers].sort((a, b) =>
    Number(stopping.has(a.id)) - Number(stopping.has(b.id)) || byAge(a, b)
  );
  for (const container of containers) builder.addContainer(container);
  return builder.finish();
}

const byAge = (a: ContainerView, b: ContainerView): number =>
  a.createdAt - b.createdAt || compare(a.id, b.id);

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

const SHARES_NETWORK = "container:";

/** A backend in the making. */
type Draft = {
  /** Its own host and path. */
  readonly route: Route;
  readonly members: Member[];
};

class Builder {
  readonly notices: Notice[] = [];
  readonly verdicts: Verdict[] = [];
  readonly drafts = new Map<BackendName, Draft>();
  readonly claims = new Map<string, Claim>();
  /** Names of servers. */
  readonly taken = new Set<ServerName>();
  readonly #memory: ModelMemory;
  #byId: ReadonlyMap<string, ContainerView> | undefined;

  constructor(readonly snapshot: Snapshot, readonly settings: RoutingSettings) {
    this.#memory = memoryOf(settings);
  }

  addContainer(container: ContainerView): void {
    const isStopping = this.snapshot.stopping.has(container.id);
    const attempts = this.#memory.offersOf(container, { isStopping, shared: this.networkOf(container) });
    for (const { notices, offer, why } of attempts) {
      this.notices.push(...notices);
      if (offer !== undefined) this.addOffer(offer);
      else if (why !== undefined) this.refuse(container, why);
    }
  }

  /** The container whose network it uses: itself, unless it was told to share another's. */
  networkOf(container: ContainerView): ContainerView | undefined {
    if (!container.networkMode.startsWith(SHARES_NETWORK)) return container;
    this.#byId ??= new Map(
      this.snapshot.containers.flatMap((each) => [[each.id, each], [each.name, each]]),
    );
    return this.#byId.get(container.networkMode.slice(SHARES_NETWORK.length));
  }

  refuse(container: ContainerView, why: string): void {
    this.verdicts.push({ container, hosts: [], server: undefined, why });
  }

  addOffer({ own, aliases, member }: Offer): void {
    const { container, server } = member;
    const { host, path, backend } = own.route;
    const owner = this.claim(own);
    if (owner !== undefined) {
      const why = `${host}${path} is served already as an alias by the older container ${quote(owner)}`;
      this.warnOfTaken(container, `does not serve ${host}${path}: ${why}`);
      return this.refuse(container, why);
    }
    const hosts = [{ host, path }];
    for (const alias of aliases) {
      const owner = this.claim(alias);
      const name = alias.route.host;
      if (owner === undefined) hosts.push({ host: name, path });
      else {
        this.warnOfTaken(
          container,
          `alias ${name}${path} is left out: the older container ${quote(owner)} serves it already`,
        );
      }
    }
    const named = withUniqueName(server, this.taken);
    this.taken.add(named.name);
    const added = named === server ? member : { ...member, server: named };
    const draft = this.drafts.get(backend);
    if (draft === undefined) this.drafts.set(backend, { route: own.route, members: [added] });
    else draft.members.push(added);
    this.verdicts.push({ container, hosts, server, why: undefined });
  }

  /** Takes a host and path for a backend; answers with the container that has it for another one. */
  claim(claim: Claim): string | undefined {
    const before = this.claims.get(claim.key);
    if (before === undefined) this.claims.set(claim.key, claim);
    return before === undefined || before.route.backend === claim.route.backend ? undefined : before.by;
  }

  warnOfTaken(container: ContainerView, message: string): void {
    this.notices.push({ severity: "warning", code: "host-taken", subject: container.name, message });
  }

  finish(): Built {
    const backends: Backend[] = [];
    for (const draft of this.drafts.values()) {
      // The oldest decides a backend's options, also while it stops: they change once, when it is gone.
      if (this.snapshot.stopping.size > 0) draft.members.sort((a, b) => byAge(a.container, b.container));
      const { backend, notices } = this.#memory.mergedOf(draft.members, () => merge(draft, this.settings));
      this.notices.push(...notices);
      backends.push(backend);
    }
    const routes = [...this.claims.values()].sort((a, b) => compare(a.key, b.key)).map(({ route }) => route);
    const model: Model = {
      frontend: this.settings.frontend,
      backends: backends.sort((a, b) => compare(a.name, b.name)),
      routes,
      wildcardDepths: wildcardDepths(routes),
    };
    return { model, notices: this.notices, verdicts: this.verdicts };
  }
}

function merge({ route, members }: Draft, settings: RoutingSettings): Merged {
  const { backend: name, host, path } = route;
  const { shape, notices } = mergeShape(members, path, settings);
  const servers = members.map((member) => member.server).sort((a, b) => compare(a.name, b.name));
  return { backend: { name, host, path, shape, servers: withUniqueIds(servers) }, notices };
}

/** A container may ask for the same host and port twice; the second server gets a number, so that neither is lost. */
function withUniqueName(server: Server, taken: ReadonlySet<ServerName>): Server {
  if (!taken.has(server.name)) return server;
  let count = 2;
  while (taken.has(`${server.name}:${count}` as ServerName)) count++;
  const name = `${server.name}:${count}` as ServerName;
  return { ...server, name, numericId: numericId(name) };
}

function withUniqueIds(servers: readonly Server[]): readonly Server[] {
  if (servers.length === 1) return servers;
  const taken = new Set<number>();
  return servers.map((server) => {
    let id = server.numericId;
    while (taken.has(id)) id = id % 0x7fffffff + 1;
    taken.add(id);
    return id === server.numericId ? server : { ...server, numericId: id };
  });
}

/** How many labels stand after `*.` in the wildcards in use, most first, so that the longest match wins. */
function wildcardDepths(routes: readonly Route[]): number[] {
  const depths = routes.filter((route) => isWildcard(route.host)).map((route) =>
    route.host.split(".").length - 1
  );
  return [...new Set(depths)].sort((a, b) => b - a);
}
