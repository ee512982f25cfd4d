import type { Backend, Model, Server } from "../model/model.ts";
import { routeName } from "../model/model.ts";
import type { Operation, ServerState } from "../runtime/operation.ts";
import type { ServerName } from "../values/names.ts";

/**
 * What became of a container on a route. `prepared`: HAProxy has it, and its first answer is waited for; `ready`: it gets
 * requests from now on; `replaced`: it is reached in another way; `held`: it gets no new requests, and stays.
 */
export type What = "added" | "prepared" | "ready" | "replaced" | "held" | "removed";

/** A change of what is served; without a container, the route leads elsewhere. */
export type ServedChange = { readonly what: What; readonly route: string; readonly container?: string };

/** What has changed for clients: the first of all changes, and how many there are of each kind. */
export type ServedChanges = {
  readonly first: readonly ServedChange[];
  readonly counts: Readonly<Partial<Record<What, number>>>;
};

/** So many changes are told one by one. */
const MOST = 8;

/** Compares what was served with what is, and with the states that commands gave to servers. */
export function servedChanges(
  before: Model | undefined,
  after: Model,
  operations: readonly Operation[] = [],
): ServedChanges {
  const told = new ServedList();
  const states = statesOf(operations);
  if (before !== undefined && before !== after) {
    for (const [was, is] of pairs(before.backends, after.backends)) {
      if (was !== is) compare(was, is, { states, told });
    }
  }
  if (states.size > 0) tellStates(after.backends, { states, told });
  return told.changes;
}

/** The containers of servers, as changes of one kind. */
export function changesOfServers(what: What, names: readonly string[], { backends }: Model): ServedChanges {
  const told = new ServedList();
  const wanted: ReadonlySet<string> = new Set(names);
  for (const backend of backends) {
    for (const server of backend.servers) if (wanted.has(server.name)) told.add(what, backend, server);
  }
  return told.changes;
}

type States = ReadonlyMap<ServerName, ServerState>;
type Telling = { readonly states: States; readonly told: ServedList };

class ServedList {
  readonly #first: ServedChange[] = [];
  readonly #counts: Partial<Record<What, number>> = {};
  readonly #servers = new Set<ServerName>();

  add(what: What, backend: Backend, server: Server): void {
    this.#servers.add(server.name);
    this.#put({ what, route: ownName(backend), container: server.containerName });
  }

  addRoute(what: What, route: string, by: Server | undefined): void {
    this.#put({ what, route, ...by !== undefined && { container: by.containerName } });
  }

  has({ name }: Server): boolean {
    return this.#servers.has(name);
  }

  get changes(): ServedChanges {
    return { first: this.#first, counts: this.#counts };
  }

  #put(change: ServedChange): void {
    if (this.#first.length < MOST) this.#first.push(change);
    this.#counts[change.what] = (this.#counts[change.what] ?? 0) + 1;
  }
}

/** The backends of both, each beside the one of its name; both lists are sorted by name. */
function* pairs(
  before: readonly Backend[],
  after: readonly Backend[],
): Generator<readonly [was: Backend | undefined, is: Backend | undefined]> {
  for (let [a, b] = [0, 0]; a < before.length || b < after.length;) {
    const [was, is] = [before[a], after[b]];
    const isSame = was !== undefined && is !== undefined && was.name === is.name;
    const isGone = !isSame && was !== undefined && (is === undefined || was.name < is.name);
    if (isSame || isGone) a++;
    if (!isGone) b++;
    yield isSame ? [was, is] : isGone ? [was, undefined] : [undefined, is];
  }
}

function compare(was: Backend | undefined, is: Backend | undefined, { states, told }: Telling): void {
  const [old, now] = [was?.servers ?? [], is?.servers ?? []];
  if (is !== undefined && now !== old) {
    const [servers, containers] = [new Map(old.map((each) => [each.name, each])), containersOf(old)];
    for (const server of now) {
      if (isSamePlace(servers.get(server.name), server)) continue;
      const isReady = states.size === 0 || states.get(server.name) === "ready";
      const what = containers.has(server.containerId) ? "replaced" : isReady ? "added" : "prepared";
      told.add(what, is, server);
    }
  }
  if (was !== undefined && now !== old) {
    const containers = containersOf(now);
    for (const server of old) if (!containers.has(server.containerId)) told.add("removed", was, server);
  }
  tellRoutes("added", is, was, told);
  tellRoutes("removed", was, is, told);
}

/** Tells of the further names of a backend that the other one has not. */
function tellRoutes(
  what: What,
  backend: Backend | undefined,
  other: Backend | undefined,
  told: ServedList,
): void {
  if (backend === undefined || backend.routes === other?.routes) return;
  const keys = new Set(other?.routes.map(({ key }) => key));
  const own = ownName(backend);
  for (const route of backend.routes) {
    const name = routeName(route);
    // With its backend comes and goes its own name, which its servers are told with.
    if (keys.has(route.key) || (other === undefined && name === own && route.move === undefined)) continue;
    told.addRoute(what, name, route.move === undefined ? backend.servers[0] : undefined);
  }
}

/** Tells of servers that commands made ready or held back, but for those that came or went. */
function tellStates(backends: readonly Backend[], { states, told }: Telling): void {
  for (const backend of backends) {
    for (const server of backend.servers) {
      const state = states.get(server.name);
      if (state !== undefined && !told.has(server)) {
        told.add(state === "ready" ? "ready" : "held", backend, server);
      }
    }
  }
}

const statesOf = (operations: readonly Operation[]): States =>
  new Map(operations.flatMap((each) => {
    if (each.kind === "set-state") return [[each.server, each.state] as const];
    return each.kind === "add-server" ? [[each.server, "maint"] as const] : [];
  }));

const isSamePlace = (was: Server | undefined, { address, port }: Server): boolean =>
  was?.address === address && was.port === port;
const containersOf = (servers: readonly Server[]) => new Set(servers.map(({ containerId }) => containerId));

function ownName({ host, path, routes }: Backend): string {
  const own = routes.find((route) => route.host === host && route.path === path) ?? routes[0];
  return own === undefined ? host + path : routeName(own);
}

/** How each kind is told, in this order. */
const WORDS: { readonly [W in What]: string } = {
  added: "added",
  prepared: "prepared",
  ready: "ready",
  replaced: "replaced",
  held: "held back",
  removed: "removed",
};

/** The changes for people: `added shop.local → shop-3, www.shop.local → shop-3 and 4 more; removed …`; empty where there are none. */
export function servedWords({ first, counts }: ServedChanges, words: Partial<typeof WORDS> = {}): string {
  return (Object.keys(WORDS) as What[]).flatMap((what) => {
    const count = counts[what] ?? 0;
    if (count === 0) return [];
    const shown = first.filter((change) => change.what === what).map(({ route, container }) =>
      container === undefined ? route : `${route} → ${container}`
    );
    const more = count - shown.length;
    const word = words[what] ?? WORDS[what];
    return [
      shown.length === 0
        ? `${word} ${count}`
        : `${word} ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
    ];
  }).join("; ");
}

/** The same for scripts: the first changes, and how many more there are. */
export function servedFields(
  { first, counts }: ServedChanges,
): { readonly changes?: readonly ServedChange[]; readonly more?: number } {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (all === 0) return {};
  return { changes: first, ...all > first.length && { more: all - first.length } };
}
