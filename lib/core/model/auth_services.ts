import type { AuthService } from "../keys/forward_auth.ts";
import type { NetworkOwners } from "../snapshot/network_owner.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { Backend } from "./model.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { chooseWay } from "./ways.ts";

/** What became of a backend when its service was found, by the backend; the same object while the address is the same. */
export type ServiceMemory = WeakMap<Backend, Backend>;

/** Where containers are found by name, in one pass. */
export class AuthServices {
  readonly notices: Notice[] = [];
  #byName: ReadonlyMap<string, ContainerView> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly settings: RoutingSettings,
    readonly networks: NetworkOwners,
    readonly memory: ServiceMemory,
  ) {}

  /** The backend with the address of the container that decides who comes in; without one, the route is closed. */
  resolve(backend: Backend): Backend {
    const wanted: AuthService | undefined = backend.options.forward_auth;
    if (wanted?.container === undefined) return backend;
    const service = this.#find(wanted.container, wanted, backend);
    const before = this.memory.get(backend);
    const known = before?.options.forward_auth;
    if (before !== undefined && known?.address === service.address && known?.port === service.port) {
      return before;
    }
    const resolved = { ...backend, options: { ...backend.options, forward_auth: service } };
    this.memory.set(backend, resolved);
    return resolved;
  }

  #find(name: string, wanted: AuthService, { host, path, routes }: Backend): AuthService {
    const why = (what: string): AuthService => {
      const subject = routes.find((route) => route.host === host && route.path === path)?.by ?? "";
      const message = `forward_auth names the container ${
        quote(name)
      }, ${what}: ${host}${path} answers 503 until it can be asked`;
      this.notices.push({ severity: "warning", code: "no-auth-service", subject, message });
      return wanted;
    };
    this.#byName ??= byName(this.snapshot.containers);
    const container = this.#byName.get(name);
    if (container === undefined) return why("which does not run");
    const shared = this.networks.ownerOf(container);
    if (shared === "gone" || shared === "circle") return why("which has no network");
    const way = chooseWay(container, shared, wanted.port, undefined, this.settings.address, undefined);
    if (!way.ok) return why(`which cannot be reached (${way.why})`);
    return { ...wanted, address: way.value.address, port: way.value.port };
  }
}

/** The oldest of each name that runs: several engines may each have one. */
function byName(containers: readonly ContainerView[]): ReadonlyMap<string, ContainerView> {
  const found = new Map<string, ContainerView>();
  for (const container of containers) {
    if (container.status !== "running" || container.flaw !== undefined) continue;
    const other = found.get(container.name);
    if (other === undefined || container.createdAt < other.createdAt) found.set(container.name, container);
  }
  return found;
}
