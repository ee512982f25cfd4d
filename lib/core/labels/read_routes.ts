import { boundHosts } from "./bound_hosts.ts";
import { boundSources } from "./bound_sources.ts";
import type { Fault, RouteData } from "../keys/route_data.ts";
import { protectsRoute } from "../keys/route_keys.ts";
import type { HaproxyVersion } from "../keys/backend_option.ts";
import { type Complaint, Complaints } from "../values/complaints.ts";
import { count } from "../values/count.ts";
import { DIALECTS, isOurs } from "./dialects.ts";
import { type LabelPrefix, PREFIX } from "./label_parts.ts";
import { type ListedServer, readListed } from "./listed.ts";
import { readRoute } from "./read_route.ts";
import type { SaidRoute, Words } from "./said.ts";
import { MOST_ROUTES } from "./said_data.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

/** What one container says of its routes, and what is wrong with it. */
export type RouteDataRead = {
  readonly routes: readonly RouteData[];
  /** Why there are none, if there are none. */
  readonly why: string;
  readonly complaints: readonly Complaint[];
  /** Complaints beyond those that are kept. */
  readonly more: number;
  /** Where the route is no container's: the servers that it names. */
  readonly servers?: readonly ListedServer[];
};

type Readings = Map<string, RouteDataRead>;

/** What containers said in this pass and the one before, by their words: in INTERLOCK_DATA alone, or with labels. */
export class SaidBefore {
  readonly data: Readings = new Map();
  readonly labels: Readings = new Map();

  constructor(
    readonly older: { readonly data: Readings; readonly labels: Readings } | undefined = undefined,
  ) {}

  /** For the next pass: what was not said again in this one is forgotten. */
  next(): SaidBefore {
    return new SaidBefore({ data: this.data, labels: this.labels });
  }
}

/** What a container asks for that says nothing: most do. */
export const SILENT: RouteDataRead = {
  routes: [{ source: "labels", fault: undefined, off: undefined, isExplicit: false }],
  why: "",
  complaints: [],
  more: 0,
};

/**
 * Everything that a container says of its routes; never throws, whatever the container wrote. Replicas say the same:
 * their words are read once.
 */
export function readRouteData(
  container: Pick<ContainerView, "interlockData" | "labels" | "listed">,
  version: HaproxyVersion,
  before: SaidBefore,
  prefix: LabelPrefix = PREFIX,
): RouteDataRead {
  if (container.listed !== undefined) return readListed(container.listed, version);
  const { interlockData, labels } = container;
  let names: string[] | undefined;
  let length = 0;
  for (const name in labels) {
    if (!isOurs(name, prefix)) continue;
    (names ??= []).push(name);
    length += name.length + (labels[name]?.length ?? 0);
  }
  if (names === undefined && interlockData === undefined) return SILENT;
  const ours = names ?? [];
  if (ours.length > MOST_LABELS || length > LONGEST_LABELS) return tooManyLabels(ours.length, length);
  return remember({ data: interlockData, labels, names: ours, prefix }, version, before);
}

/** Bounds on the labels of one container that are ours: how many, and characters in their names and values. */
const MOST_LABELS = 1_024;
const LONGEST_LABELS = 65_536;

/** Any of those that are not read might narrow a route, so that there is none. */
function tooManyLabels(labels: number, length: number): RouteDataRead {
  const message =
    `has ${count(labels, "label")} of ours with ${length} characters, expected at most ${MOST_LABELS} ` +
    `with ${LONGEST_LABELS}; it serves no route`;
  const complaints = [{ severity: "warning", code: "too-many", message } as const];
  return { routes: [], why: "it has more labels of ours than are read", complaints, more: 0 };
}

function remember(words: Words, version: HaproxyVersion, before: SaidBefore): RouteDataRead {
  const { data, labels, names } = words;
  const where = names.length === 0 ? "data" : "labels";
  const key = names.length === 0
    ? data ?? ""
    : JSON.stringify([data, names.map((name) => [name, labels[name]])]);
  const known = before[where].get(key);
  if (known !== undefined) return known;
  const result = before.older?.[where].get(key) ?? readWords(words, version);
  before[where].set(key, result);
  return result;
}

const OF_ALL = { isOfAll: true } as const;

/** Another route of the container would serve what one that is not read was to protect. */
function unreadGuard(left: readonly SaidRoute[]): Fault {
  const isProtected = left.some(({ keys, fault }) =>
    fault !== undefined || [...keys.keys()].some(protectsRoute)
  );
  return isProtected ? `of more than ${MOST_ROUTES} routes one is protected that has no room` : undefined;
}

function readWords(words: Words, version: HaproxyVersion): RouteDataRead {
  const complaints = new Complaints();
  const readings = DIALECTS.map((dialect) => dialect.read(words, complaints));
  const said = readings.flatMap(({ routes }) => routes);
  // One word that closes is enough, in a label or in the data.
  const off = readings.find(({ off }) => off !== undefined)?.off;
  if (off !== undefined) {
    // A route that is left out gives no notices; signalbox reads it to tell which hosts are not served.
    const routes = said.map((route) => ({ ...readRoute(route, version, new Complaints()), off }));
    return { routes, why: off, complaints: [], more: 0 };
  }
  const fault = readings.find(({ fault }) => fault !== undefined)?.fault ??
    unreadGuard(said.slice(MOST_ROUTES));
  const routes = said.slice(0, MOST_ROUTES).map((route) =>
    readRoute(
      fault === undefined ? route : { ...route, fault, ...route.fault === undefined && OF_ALL },
      version,
      complaints,
    )
  );
  boundHosts(routes, complaints);
  boundSources(routes, complaints);
  if (said.length > MOST_ROUTES) {
    complaints.warn("too-many", () => `asks for ${said.length} routes, at most ${MOST_ROUTES} are served`);
  }
  return {
    routes,
    why: "its INTERLOCK_DATA cannot be read",
    complaints: complaints.list,
    more: complaints.more,
  };
}
