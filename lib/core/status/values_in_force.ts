import { CONNECT_CHECK } from "../keys/health_check.ts";
import { KEY_NAMES, type KeyName, keyNamed } from "../keys/route_keys.ts";
import { shownValue } from "../keys/shown_value.ts";
import { placeOf } from "../labels/said.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { Built } from "../model/build_model.ts";
import type { Backend, Server } from "../model/model.ts";
import { Origins } from "../model/origins.ts";
import type { RoutingSettings } from "../model/routing_settings.ts";
import type { Verdict } from "../model/verdict.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { formatEndpoint } from "../values/names.ts";
import { quote } from "../values/notice.ts";
import { findInForce, originWords } from "./in_force.ts";

/** A value that decides how a container is served: the key that it is one of, and where it came from. */
export type ValueInForce = { readonly key: KeyName; readonly value?: string; readonly from?: string };

/** What decides how a container is served, and what else there was. */
export type Details = {
  readonly values: readonly ValueInForce[];
  /** Other ways to the container, the better ones first. */
  readonly others: readonly string[];
};

/** Looks up every value that decides how what a container serves is served; nothing for a verdict that serves nothing. */
export function findDetails(
  built: Built,
  settings: Pick<RoutingSettings, "defaultDomain">,
): (verdict: Verdict) => Details {
  const inForce = findInForce(built);
  const origins = new Origins(built);
  const backends = new Map(built.model.backends.map((backend) => [backend.name, backend]));
  return (verdict) => {
    const { data, server, hosts: [own], container } = verdict;
    if (data === undefined || server === undefined || own === undefined) return NO_DETAILS;
    const backend = backends.get(own.backend);
    if (backend === undefined) return NO_DETAILS;
    const rules = new Map(inForce(verdict).rules.map((rule) => [rule.key, rule]));
    const ofPlace = new Map<KeyName, ValueInForce>([
      ["hostname", hostOf(container, data, own.host, settings)],
      ["port", portOf(container, data, server)],
    ]);
    const values = KEY_NAMES.flatMap((key): ValueInForce[] => {
      const found = rules.get(key) ?? ofPlace.get(key) ?? valueOf(key, verdict, backend, origins);
      return found === undefined ? [] : [found];
    });
    return { values, others: server.others.map(wayOf) };
  };
}

/** What `explain` prints of a container that serves nothing. */
export const NO_DETAILS: Details = { values: [], others: [] };

const wayOf = ({ address, port, via }: Server["others"][number]): string =>
  `${formatEndpoint(address, port)} (${
    via === "published" ? "a port of its engine's host" : "its own address"
  })`;

/** The value of a key that is in force, and who said it; what nobody said is not told. */
function valueOf(
  key: KeyName,
  { container, data }: Verdict,
  { name, options, shape }: Backend,
  origins: Origins,
): ValueInForce | undefined {
  const { scope } = keyNamed(key);
  // A route's keys are decided by all of its containers together.
  const isShared = scope === "route" || scope === "backend";
  const said = origins.find(name, key, isShared ? {} : { by: container.name });
  // Most keys are said by nobody.
  if (said === undefined) return undefined;
  const ofRoute: Readonly<Record<string, unknown>> = key in options ? options : shape;
  const value = isShared ? ofRoute[key] : data?.[key];
  if (value === undefined || value === false && isShared) return undefined;
  // A younger container said it, and it does not count yet.
  if (key === "check" && value === CONNECT_CHECK) return undefined;
  const shown = shownValue(key, value);
  const from = said.by === container.name ? said.place : originWords(said);
  return { key, ...shown !== undefined && { value: shown }, from };
}

/** The host, and where its parts came from. */
function hostOf(
  container: ContainerView,
  data: RouteData,
  host: string,
  { defaultDomain }: Pick<RoutingSettings, "defaultDomain">,
): ValueInForce {
  const place = (key: KeyName) => placeOf(key, { label: data.labels?.[key] }, data.source);
  const isListed = data.hostname === undefined && data.hosts?.[0] !== undefined;
  if (isListed) return { key: "hostname", value: host, from: place("hosts") };
  const name = data.hostname !== undefined ? place("hostname") : "Docker's hostname";
  const isBare = !(data.hostname ?? container.hostname).includes(".");
  const domain = data.domain !== undefined
    ? place("domain")
    : container.domainname !== ""
    ? "Docker's domain"
    : isBare && defaultDomain !== undefined && host.endsWith(`.${defaultDomain}`)
    ? "--default-domain"
    : undefined;
  return { key: "hostname", value: host, from: domain === undefined ? name : `${name}, and ${domain}` };
}

/** The container's port, and which rule chose it. */
function portOf({ exposed, published }: ContainerView, data: RouteData, server: Server): ValueInForce {
  const inside = server.via === "container" ? server.port : server.own?.port ?? data.port;
  const value = inside === undefined ? {} : { value: `${inside}` };
  const base = { key: "port", ...value } as const;
  if (data.port !== undefined) {
    return { ...base, from: placeOf("port", { label: data.labels?.port }, data.source) };
  }
  const ports = exposed.filter(({ protocol }) => protocol === "tcp");
  if (ports.length <= 1) return { ...base, from: "its only TCP port" };
  const isPublished = published.some(({ port }) => ports.some((each) => each.port === port));
  const names = ports.slice(0, 8).map(({ port }) => port).join(", ");
  return {
    ...base,
    from: `the lowest ${isPublished ? "published" : "exposed"} of its TCP ports ${quote(names).slice(1, -1)}`,
  };
}
