import type { Backend, BackendShape, Route } from "./model.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";

/** A path's backend that redirects plain HTTP since its host's root does; `root` is that route. */
export type Held = { readonly backend: Backend; readonly root: Route };

/**
 * What was to be closed stays closed on the whole host: where the container at a host's root says `ssl_only`, it holds for
 * the paths that other containers serve there. Answers with the backends that it changes, by name. The root of a host
 * without one of its own is that of the longest wildcard. `owners` has each route by its key.
 */
export function holdTlsOnly(
  backends: readonly Backend[],
  owners: ReadonlyMap<string, Route>,
  memory: Redirecting,
): ReadonlyMap<BackendName, Held> {
  const held = new Map<BackendName, Held>();
  const paths = backends.filter(({ path, shape }) => path !== "" && !shape.ssl_only);
  if (paths.length === 0) return held;
  const served = new Map(backends.map(({ name, shape }) => [name, shape]));
  for (const backend of paths) {
    const roots = backend.routes.flatMap(({ host }) => {
      const root = rootOf(host, owners, served);
      return root !== undefined && served.get(root.backend)?.ssl_only === true ? [{ host, root }] : [];
    });
    const [first] = roots;
    if (first === undefined) continue;
    const hosts = roots.map(({ host }) => host);
    const isWhole = hosts.length === backend.routes.length;
    held.set(backend.name, {
      backend: redirecting(backend, isWhole ? "all" : hosts, memory),
      root: first.root,
    });
  }
  return held;
}

/** What the containers of a path are told. */
export function heldNotice({ backend, root }: Held): Notice {
  const by = backend.routes.find(({ host, path }) => host === backend.host && path === backend.path)?.by ??
    "";
  const message = `ssl_only of the container ${
    quote(root.by)
  } at ${root.host}/ holds for ${backend.host}${backend.path} too`;
  return { severity: "info", code: "tls-only-host", subject: by, message };
}

/** The route that answers for a host's `/`: its own, or that of the longest wildcard. */
function rootOf(
  host: HostName,
  owners: ReadonlyMap<string, Route>,
  served: ReadonlyMap<BackendName, BackendShape>,
): Route | undefined {
  const labels = host.split(".");
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
  for (const name of [host, ...wildcards]) {
    const owner = owners.get(routeKey(name, "" as PathPrefix));
    if (owner !== undefined && served.has(owner.backend)) return owner;
  }
  return undefined;
}

/** The same object for the same backend and hosts: what has not changed is not rendered again. */
export type Redirecting = WeakMap<Backend, { readonly key: string; readonly backend: Backend }>;

function redirecting(backend: Backend, hosts: "all" | readonly HostName[], memory: Redirecting): Backend {
  const key = `${hosts}`;
  const before = memory.get(backend);
  if (before?.key === key) return before.backend;
  const shape: BackendShape = hosts === "all"
    ? { ...backend.shape, ssl_only: true }
    : { ...backend.shape, tlsOnlyHosts: hosts };
  const now = { key, backend: { ...backend, shape } };
  memory.set(backend, now);
  return now.backend;
}
