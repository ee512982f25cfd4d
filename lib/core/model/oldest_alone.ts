import type { ValueOf } from "../keys/route_data.ts";
import type { SharedKey } from "./merge_rules.ts";
import { CONNECT_CHECK, type HealthCheck } from "../keys/health_check.ts";
import { hasTls, type Server } from "./model.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";

type Counts = { readonly [K in SharedKey]?: (value: ValueOf<K>, settings: RoutingSettings) => boolean };

/**
 * Words of a younger container that do not count where an older one of the route is silent: they would take away what a
 * setting holds for that one, send its requests to another host or path, or ask it for what only its successor answers.
 */
const OF_OLDEST_ALONE: Counts = {
  ssl_only: (value, { redirectsToTls, frontend }) => !value && redirectsToTls && hasTls(frontend),
  hsts: ({ header }, { frontend }) => header === undefined && frontend.hstsSeconds !== undefined,
  access_log: (value, { frontend }) => !value && frontend.accessLog !== "off",
  acme: ({ isWanted }) => !isWanted,
  check: () => true,
  // HAProxy gives a check this long for its answer too.
  check_interval: () => true,
  canonical_host: () => true,
  host_header: () => true,
  context_root_rewrite: (value) => value,
  context_root_target: () => true,
  path_regex: () => true,
  path_replacement: () => true,
};

/** Whether a key with this value counts only from the oldest container of a route. */
export function isOfOldestAlone(key: SharedKey, value: unknown, settings: RoutingSettings): boolean {
  return OF_OLDEST_ALONE[key]?.(value as never, settings) === true;
}

/**
 * A container's server. Where its check does not count, since the oldest container says none (`decided`), signalbox still sends
 * it before the container's first request.
 */
export const withLaterCheck = (decided: HealthCheck, { server, data }: Member): Server =>
  decided !== CONNECT_CHECK || data.check === undefined ? server : { ...server, laterCheck: data.check };
