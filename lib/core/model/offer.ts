import { isOnAnotherMachine } from "./choose_endpoint.ts";
import { choosePort } from "./choose_port.ts";
import type { Attempt } from "./attempt.ts";
import { allLeftOut, leftOut, noAddress, note, notOurPort, whyNotRunning } from "./left_out.ts";
import type { Server } from "./model.ts";
import { gateOf, type Phase } from "./phases.ts";
import { type ContainerId, shortId } from "../values/names.ts";
import type { NetworkOwner } from "../snapshot/network_owner.ts";
import type { Notice } from "../values/notice.ts";
import { PREFIX } from "../labels/label_parts.ts";
import type { ListedServer } from "../labels/listed.ts";
import { readRouteData, type SaidBefore } from "../labels/read_routes.ts";
import { serverOptions } from "../keys/options.ts";
import type { RouteData } from "../keys/route_data.ts";
import { routeHost } from "./choose_host.ts";
import { hostlessGuard } from "./hostless_guard.ts";
import { oddNotices } from "./other_tool_notice.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { allAliases, ownRoute } from "./own_route.ts";
import { hostOfContainer, listenOf, portOf } from "./streams.ts";
import { numericId, serverName } from "../values/section_names.ts";
import { sha256 } from "../values/sha256.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { serviceOf, wayOfService } from "./task_ways.ts";
import { chooseWay, type InUse } from "./ways.ts";

/** What an offer depends on, beside its container and the settings. */
export type Circumstances = {
  readonly phase: Phase;
  /** The container whose network it uses (`--network container:ID`); itself where it has its own. */
  readonly shared: NetworkOwner;
};

/** What one container offers, before it meets what others offer; never throws, whatever the container wrote. */
export function readOffers(
  container: ContainerView,
  circumstances: Circumstances & { readonly inUse: InUse },
  settings: RoutingSettings,
  said: SaidBefore,
): readonly Attempt[] {
  const isStarting = circumstances.phase === "starting";
  if (container.status !== "running" && !isStarting) {
    const why = whyNotRunning(container.status);
    const { routes } = readRouteData(container, settings.haproxyVersion, said, settings.labelPrefix);
    return routes.length === 0
      ? [{ notices: NONE, why, code: "not-running" }]
      : routes.map((data) => leftOut(container, data, why, settings));
  }
  if (container.flaw !== undefined) {
    const why = `what Docker says of it cannot be read (${container.flaw})`;
    const message = `serves nothing: ${why}, expected it as docker inspect prints it`;
    return [{ notices: [note(container, "warning", "unreadable", message), ...container.oddities], why }];
  }
  const read = readRouteData(container, settings.haproxyVersion, said, settings.labelPrefix);
  const { routes, why, complaints, more } = read;
  const isOnly = routes.length === 1;
  const stray = hostlessGuard(container, routes, settings);
  // Who leaves one route out, or wants one that cannot be had, does not want the others.
  const isLeftOut = settings.isOptIn && routes.length > 0 &&
    !routes.some(({ isExplicit, off, fault }) => isExplicit && off === undefined && fault === undefined);
  const attempts: readonly Attempt[] = routes.length === 0
    ? [{ notices: NONE, why, code: "bad-data" }]
    : stray !== undefined
    ? allLeftOut(container, routes, stray, settings)
    : routes.flatMap((data) => {
      if (isLeftOut) {
        return leftOut(container, data, data.off ?? data.fault ?? whyNotOptedIn(settings), settings);
      }
      if (read.servers !== undefined) {
        return listedOffers(container, data, read.servers, settings);
      }
      return readOffer(container, data, circumstances, isOnly, settings);
    });
  // Its notices come when it runs: signalbox does not know all of it yet.
  if (isStarting) return attempts.map((attempt) => ({ ...attempt, notices: NONE, ward: undefined }));
  const odd = oddNotices(container, attempts, settings);
  const notices = [...odd, ...complaints.map((complaint) => ({ ...complaint, subject: container.name }))];
  return notices.length === 0 ? attempts : [{ notices, more }, ...attempts];
}

const whyNotOptedIn = ({ labelPrefix = PREFIX }: RoutingSettings): string =>
  `it asks for nothing, and --opt-in is set: expected the label ${labelPrefix}enable=true, or another key`;

/** The notices of one that has none, which is most. */
const NONE: readonly Notice[] = [];

function readOffer(
  container: ContainerView,
  data: RouteData,
  { phase, shared, inUse }: Circumstances & { readonly inUse: InUse },
  isOnly: boolean,
  settings: RoutingSettings,
): Attempt {
  const why = data.off ?? data.fault;
  if (why !== undefined) return leftOut(container, data, why, settings);
  const listen = listenOf(data, settings);
  if (!listen.ok) return notOurPort(container, listen.expected);
  const found = routeHost(container, data, settings.defaultDomain);
  const isNameless = found.host === undefined && !found.isWrong && listen.value?.protocol === "tcp";
  const host = isNameless ? hostOfContainer(container) : found.host;
  if (host === undefined) {
    const { why = "", isWrong = false } = found.host === undefined ? found : {};
    const notices = data.isExplicit || isWrong
      ? [note(container, "warning", "no-host", `serves no route: ${why}`)]
      : NONE;
    // One that names its routes by labels need not have one of its own.
    return isOnly || notices.length > 0 ? { notices, why, code: "no-host" } : { notices };
  }
  if (shared === "gone" || shared === "circle") {
    return noAddress(container, data, host, NO_OWNER[shared], settings);
  }
  const port = choosePort(container, shared, portOf(data, listen.value, container));
  if (!port.ok) return noAddress(container, data, host, port.why, settings);
  const own = ownRoute(container, data, host, listen.value);
  const whole = data.swarm === "vip" ? serviceOf(container) : undefined;
  if (whole?.speaks === false) {
    return { notices: NONE, why: "another task speaks for its service", code: "as-service", wanted: host };
  }
  const id = whole === undefined ? container.id : sha256(`service ${whole.id}`) as ContainerId;
  const name = serverName(own.backend, id, port.value);
  const chosen = whole === undefined
    ? chooseWay(container, shared, port.value, data.network, settings.address, inUse.get(name))
    : wayOfService(container, port.value);
  if (!chosen.ok) return noAddress(container, data, host, chosen.why, settings);
  const way = chosen.value;
  const server: Server = {
    name,
    numericId: numericId(name),
    containerId: container.id,
    containerName: nameInComments(container),
    address: way.address,
    port: way.port,
    via: way.via,
    own: way.own,
    elsewhere: way.elsewhere,
    others: way.others,
    isDetour: way.isDetour,
    ...(isOnAnotherMachine(container, settings.address) && REMOTE),
    incarnation: whole === undefined ? container.startedAt : whole.id,
    options: serverOptions(data),
    gate: gateOf(container, phase),
  };
  return {
    notices: notesOn(
      container,
      port,
      way.via === "container" || way.isDetour ? chosen.remark : undefined,
    ),
    offer: { own, aliases: allAliases(container, own, data), server, data, container },
  };
}

const REMOTE = { isRemote: true } as const;

/** What a route of a file offers: a server for each address that it names. */
function listedOffers(
  container: ContainerView,
  data: RouteData,
  servers: readonly ListedServer[],
  settings: RoutingSettings,
): readonly Attempt[] {
  const why = data.off ?? data.fault;
  if (why !== undefined) return [leftOut(container, data, why, settings)];
  const found = routeHost(container, data, settings.defaultDomain);
  if (found.host === undefined) {
    const notice = note(container, "warning", "no-host", `serves no route: ${found.why}`);
    return [{ notices: [notice], why: found.why }];
  }
  const listen = listenOf(data, settings);
  if (!listen.ok) return [notOurPort(container, listen.expected)];
  const own = ownRoute(container, data, found.host, listen.value);
  const aliases = allAliases(container, own, data);
  const options = serverOptions(data);
  return servers.map(({ address, port }): Attempt => {
    // By the address, so that a server stays itself wherever and in whichever order a file names it.
    const name = serverName(own.backend, sha256(address) as ContainerId, port);
    const server: Server = {
      name,
      numericId: numericId(name),
      containerId: container.id,
      containerName: container.name,
      address,
      port,
      via: "container",
      own: undefined,
      elsewhere: undefined,
      others: [],
      isDetour: false,
      incarnation: "",
      options,
      gate: "open",
    };
    return { notices: NONE, offer: { own, aliases, server, data, container } };
  });
}

const NO_OWNER = {
  gone: "the container whose network it shares does not run",
  circle: "the containers whose networks it shares lead in a circle",
} as const;

const nameInComments = ({ plannedAs, name, id }: ContainerView): string =>
  SAFE_NAME.test(plannedAs ?? name) ? plannedAs ?? name : shortId(id);
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** What the user should know of the choice of a port and a network, if anything. */
function notesOn(
  container: ContainerView,
  { remark, isAssumed }: { readonly remark?: string; readonly isAssumed?: true },
  network: string | undefined,
): readonly Notice[] {
  const [severity, code] = isAssumed ? ["info", "assumed"] as const : ["warning", "ambiguous"] as const;
  const onPort = remark === undefined ? NONE : [note(container, severity, code, remark)];
  return network === undefined ? onPort : [...onPort, note(container, "warning", "ambiguous", network)];
}
