import type { BackendOption } from "./backend_option.ts";
import type { HealthCheck } from "./health_check.ts";
import type { HostName, PathPrefix, Port } from "../values/names.ts";

/** Why a route cannot be served, in words that explain prints; `undefined` where nothing is wrong with it. */
export type Fault = string | undefined;

/** What one route of a container asks for, parsed; what it did not say, or said wrongly, is absent. */
export type RouteData = {
  /** Where it was said, for messages: `INTERLOCK_DATA`, `INTERLOCK_DATA[1]`, `label route "api"`, `labels`. */
  readonly source: string;
  /** Why the route cannot be built: a mistake in a key that decides where it leads or who may come in. */
  readonly fault: Fault;
  /** What says that it is to be left out, where something does. */
  readonly off: string | undefined;
  /** Whether anything was said at all; a container that says nothing is not scolded for serving nothing. */
  readonly isExplicit: boolean;
  readonly enable?: boolean;
  readonly hostname?: string;
  readonly domain?: HostName;
  readonly alias_domains?: readonly HostName[];
  readonly port?: Port;
  readonly warm?: boolean;
  readonly check?: HealthCheck;
  readonly check_interval?: number;
  readonly backend_options?: readonly BackendOption[];
  readonly ssl_only?: boolean;
  readonly balance_algorithm?: string;
  readonly weight?: number;
  readonly ssl_backend?: boolean;
  readonly ssl_backend_tls_verify?: "none" | "required";
  readonly network?: string;
  readonly context_root?: PathPrefix;
  readonly context_root_rewrite?: boolean;
};
