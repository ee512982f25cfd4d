import type { RouteData } from "../keys/route_data.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { HostName } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import { routeHost } from "./choose_host.ts";
import type { Attempt } from "./attempt.ts";
import { allAliases, ownRoute } from "./own_route.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { listenOf } from "./streams.ts";
import { isProtected, type Ward, wardOf } from "./wards.ts";

/** Why a container serves nothing, by its state as Docker tells it (`State.Status`). */
export function whyNotRunning(status: string): string {
  if (COMES_BACK.has(status)) return `it is ${status}`;
  return /^[a-z]{1,16}$/.test(status) ? `it is not running (${status})` : "it is not running";
}

/** States of containers that run again by themselves, or when they are let: what they say still holds. */
const COMES_BACK: ReadonlySet<string> = new Set(["paused", "restarting"]);

/** A route that a container leaves out, by a word or by none; `explain` finds it by its host. */
export function leftOut(
  container: ContainerView,
  data: RouteData,
  why: string,
  settings: RoutingSettings,
): Attempt {
  const { host } = routeHost(container, data, settings.defaultDomain);
  const code = codeOf(container, data);
  const isToStay = container.status === "running" || COMES_BACK.has(container.status);
  return {
    notices: NONE,
    why,
    code,
    ...host !== undefined && { wanted: host },
    ...isToStay && host !== undefined && { ward: wardAt(container, data, host, settings) },
  };
}

function codeOf({ status }: ContainerView, { off, fault }: RouteData): string {
  if (status !== "running") return "not-running";
  return off !== undefined ? "disabled" : fault !== undefined ? "bad-value" : "not-asked";
}

/** All routes of a container, left out for one reason, with one notice. */
export function allLeftOut(
  container: ContainerView,
  routes: readonly RouteData[],
  why: string,
  settings: RoutingSettings,
): readonly Attempt[] {
  const notice = note(container, "warning", "no-host", `${why}; all routes of the container are left out`);
  const [first, ...others] = routes.map((data) =>
    // The mistake may be one of any of them.
    leftOut(container, { ...data, isUnclear: true }, why, settings)
  );
  return [{ ...first, notices: [notice] }, ...others];
}

/** What protects a route that has no server; nothing where nothing does, or where it is none of HTTP that HAProxy could have. */
function wardAt(
  container: ContainerView,
  data: RouteData,
  host: HostName,
  settings: RoutingSettings,
): Ward | undefined {
  if (data.off !== undefined || data.isPlaceUnknown === true || !isProtected(data)) return undefined;
  const listen = listenOf(data, settings);
  if (!listen.ok) return undefined;
  const own = ownRoute(container, data, host, listen.value);
  return wardOf({ own, aliases: allAliases(container, own, data), container, data });
}

/** A route that asks HAProxy for a port that it may not have. */
export const notOurPort = (container: ContainerView, why: string): Attempt => ({
  notices: [note(container, "warning", "bad-port", `${why}; the route is left out`)],
  why,
});

/** A route to a container that HAProxy cannot reach. */
export function noAddress(
  container: ContainerView,
  data: RouteData,
  host: HostName,
  why: string,
  settings: RoutingSettings,
): Attempt {
  // A container asks for a route by a key of ours or a host of its own; one whose host is of --default-domain does not.
  const isMeant = data.isExplicit || routeHost(container, data, undefined).host !== undefined;
  const severity = isMeant ? "warning" : "info";
  const notices = [note(container, severity, "no-address", `does not serve ${host}: ${why}`)];
  return { notices, why, wanted: host, ward: wardAt(container, data, host, settings) };
}

/** A notice about a container. */
export function note(
  container: ContainerView,
  severity: Notice["severity"],
  code: string,
  message: string,
): Notice {
  return { severity, code, subject: container.name, message };
}

const NONE: readonly Notice[] = [];
