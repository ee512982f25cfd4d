import type { LiveState } from "./live_state.ts";
import type { Load } from "./loads.ts";
import type { PictureBackend, PictureRoute, PictureServer } from "./picture.ts";

/** A host and path of a live picture, with what is known of it now. */
export type LiveRow = {
  readonly route: PictureRoute;
  readonly servers: readonly PictureServer[];
  readonly guards: readonly string[];
  readonly balance: string;
  /** Of all hosts and paths of its backend together; `undefined` where that is not known. */
  readonly load: Load | undefined;
  readonly serverLoads: Readonly<Record<string, Load>>;
  readonly percentiles: readonly [p50: number, p95: number] | undefined;
};

/** What rows are sorted by. */
export const SORTS = ["name", "state", "requests", "errors", "latency", "sessions"] as const;

/** One of them. */
export type Sort = (typeof SORTS)[number];

/** Which rows are wanted, and in which order. */
export type Wanted = { readonly search: string; readonly sort: Sort; readonly isReversed: boolean };

const NO_LOADS = {};
const NO_SERVERS: readonly PictureServer[] = [];
const NO_GUARDS: readonly string[] = [];

/** The rows of a live picture that are wanted: each word of the search stands in their names, containers, images or labels. */
export function rowsOf(state: LiveState, { search, sort, isReversed }: Wanted): readonly LiveRow[] {
  const words = search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const rows: LiveRow[] = [];
  for (const route of state.lists.routes.values()) {
    // Nobody serves what is redirected.
    const isServed = route.to === undefined;
    const backend = isServed ? state.lists.backends.get(route.backend) : undefined;
    if (words.length > 0 && !words.every((word) => textOf(state, route, backend).includes(word))) continue;
    const [load, serverLoads] = isServed ? state.loads?.backends[route.backend] ?? [] : [];
    rows.push({
      route,
      servers: backend?.servers ?? NO_SERVERS,
      guards: backend?.guards ?? NO_GUARDS,
      balance: backend?.balance ?? "",
      load,
      serverLoads: serverLoads ?? NO_LOADS,
      percentiles: isServed ? state.loads?.percentiles?.[route.backend] : undefined,
    });
  }
  const compare = COMPARE[sort];
  const direction = isReversed ? -1 : 1;
  return rows.sort((a, b) => direction * compare(a, b) || byName(a, b));
}

const byName = (a: LiveRow, b: LiveRow): number => a.route.name < b.route.name ? -1 : 1;

/** The most first, but for names. */
const COMPARE: { readonly [S in Sort]: (a: LiveRow, b: LiveRow) => number } = {
  name: byName,
  state: (a, b) => troubleOf(b) - troubleOf(a),
  requests: (a, b) => (b.load?.[0] ?? -1) - (a.load?.[0] ?? -1),
  errors: (a, b) => (b.load?.[1] ?? -1) - (a.load?.[1] ?? -1),
  latency: (a, b) => latencyOf(b) - latencyOf(a),
  sessions: (a, b) => (b.load?.[4] ?? -1) - (a.load?.[4] ?? -1),
};

const latencyOf = ({ percentiles, load }: LiveRow): number => percentiles?.[1] ?? load?.[2] ?? -1;

/** The share of its servers that are not ready: one without any comes before all others. */
function troubleOf({ route, servers }: LiveRow): number {
  if (route.to !== undefined) return -1;
  const ready = servers.filter(({ state }) => state === "ready").length;
  return ready === 0 ? 2 : 1 - ready / servers.length;
}

/** The text that a search looks through. */
function textOf(state: LiveState, route: PictureRoute, backend: PictureBackend | undefined): string {
  const before = state.searchTexts.get(route);
  if (before !== undefined && before.backend === backend) return before.text;
  const of = (backend?.servers ?? []).flatMap((server) => {
    const container = state.lists.containers.get(server.id);
    const { id, container: name, address, state: word } = server;
    return [
      name,
      id,
      address,
      word,
      ...container === undefined ? [] : [container.image, ...container.labels],
    ];
  });
  const text = [route.name, route.to ?? "", ...backend?.guards ?? [], ...of].join("\n").toLowerCase();
  state.searchTexts.set(route, { backend, text });
  return text;
}

/** How many servers are in each state, in words: `2 ready, 1 down`. */
export function statesInWords({ route, servers }: Pick<LiveRow, "route" | "servers">): string {
  if (route.to !== undefined) return "redirect";
  if (servers.length === 0) return "no server";
  const counts = new Map<string, number>();
  for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, many]) => `${many} ${state}`).join(", ");
}

/** The share of the requests that a server gets, in percent, by the weights of those that are ready. */
export function shareOf(server: PictureServer, servers: readonly PictureServer[]): number {
  if (server.state !== "ready") return 0;
  const all = servers.reduce((sum, { state, weight }) => sum + (state === "ready" ? weight : 0), 0);
  return all === 0 ? 0 : Math.round(server.weight / all * 100);
}
