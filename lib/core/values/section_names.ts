import {
  type BackendName,
  type ContainerId,
  type HostName,
  isWildcard,
  type PathPrefix,
  type Port,
  type ServerName,
  shortId,
} from "./names.ts";
import { sha256 } from "./sha256.ts";

/**
 * The longest name of a backend. It stands twice in each line of HAProxy's state file, of which a line of more than 2,000
 * characters makes HAProxy ignore the whole file, and twice in a line of its log, which ends at 1,024.
 */
export const LONGEST_NAME = 200;

/**
 * A longer name keeps its beginning, with a hash of the whole name behind it. No other name contains the mark: two colons
 * are always followed by two digits there. The hash has 128 bits, so that two names never get the same.
 */
const KEPT = 160;
const MARK = "::hash:";
const HASH_DIGITS = 32;

/**
 * The backend that serves a host and path, or a variant of it. No two pairs share a name, and none begins with `_`, as our own
 * sections do, but `_.`, which stands for a wildcard's `*.`: labels never begin with `_`, hosts never hold `:`.
 */
export function backendName(host: HostName, path: PathPrefix, variant?: string): BackendName {
  const base = hostInName(host);
  const end = variant === undefined ? "" : `${VARIANT_MARK}${variant}`;
  if (path === "") return boundedName(base + end);
  const suffix = path.replace(
    /[^A-Za-z0-9_.-]/g,
    (c) => c === "/" ? ":" : `::${c.charCodeAt(0).toString(16)}`,
  );
  return boundedName(base + suffix + end);
}

/** Before the hash of a variant: no path has it, as two colons are followed by two hexadecimal digits there. */
const VARIANT_MARK = "::if:";

/** The host's part in the names of its backends, before the first colon, where it is not too long. */
export function hostInName(host: HostName): string {
  return isWildcard(host) ? `_${host.slice(1)}` : host;
}

/** A name of a backend that is not too long: the whole of it is a name that no other has. */
export function boundedName(name: string): BackendName {
  if (name.length <= LONGEST_NAME) return name as BackendName;
  return `${name.slice(0, KEPT)}${MARK}${sha256(name).slice(0, HASH_DIGITS)}` as BackendName;
}

/** The name of a container's server: the backend's name first, so that a statistics page shows its host. */
export function serverName(backend: BackendName, id: ContainerId, port: Port): ServerName {
  return `${backend}:${shortId(id)}:${port}` as ServerName;
}

/** The name that a server has today; an earlier signalbox may have written a long backend's name in full. */
export function currentName(name: ServerName): ServerName {
  const [, backend = "", rest = ""] = /^(.*)(:[A-Za-z0-9_-]{1,12}:[0-9]{1,5})$/.exec(name) ?? [];
  return backend.length <= LONGEST_NAME ? name : `${boundedName(backend)}${rest}` as ServerName;
}

/** A hash of a server's name (FNV-1a) from 1 to 2^31 - 1, HAProxy's range for a server's `id` (manual, 5.2). */
export function numericId(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 1) || 1;
}
