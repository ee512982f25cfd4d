import type { AuthService } from "../keys/forward_auth.ts";
import type { NetworkOwners } from "../snapshot/network_owner.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { Backend } from "./model.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import { chooseWay } from "./ways.ts";

/** What became of a backend when its service was found, by the backend; the same object while the address is the same. */
export type ServiceMemory = WeakMap<Backend, Backend>;

/** Where containers are found by name, in one pass. */
export class AuthServices {
  readonly notices: Notice[] = [];
  #byName: ReadonlyMap<string, readonly ContainerView[]> | undefined;

  constructor(
    readonly snapshot: Snapshot,
    readonly settings: RoutingSettings,
    readonly networks: NetworkOwners,
    readonly memory: ServiceMemory,
  ) {}

  /**
   * The backend with the address of the container that decides who comes in; without one, the route is closed. `members` are the
   * containers of the backend, the oldest first: the one that names the service has it looked for on its own engine first.
   */
  resolve(backend: Backend, members: readonly Pick<Member, "container" | "data">[]): Backend {
    const wanted: AuthService | undefined = backend.options.forward_auth;
    if (wanted?.container === undefined) return backend;
    const { container: name } = wanted;
    const decider = members.find(({ data }) => data.forward_auth?.container === name);
    const service = this.#find(name, wanted, backend, decider?.container.engine);
    const before = this.memory.get(backend);
    const known = before?.options.forward_auth;
    if (before !== undefined && known?.address === service.address && known?.port === service.port) {
      return before;
    }
    const resolved = { ...backend, options: { ...backend.options, forward_auth: service } };
    this.memory.set(backend, resolved);
    return resolved;
  }

  #find(
    name: string,
    wanted: AuthService,
    { host, path, routes }: Backend,
    engine: ContainerView["engine"],
  ): AuthService {
    const why = (what: string): AuthService => {
      const subject = routes.find((route) => route.host === host && route.path === path)?.by ?? "";
      const message = `forward_auth names the container ${
        quote(name)
      }, ${what}: ${host}${path} answers 503 until it can be asked`;
      this.notices.push({ severity: "warning", code: "no-auth-service", subject, message });
      return wanted;
    };
    this.#byName ??= byName(this.snapshot.containers);
    const container = chosen(this.#byName.get(name) ?? [], engine);
    if (container === undefined) return why("which does not run");
    const shared = this.networks.ownerOf(container);
    if (shared === "gone" || shared === "circle") return why("which has no network");
    const way = chooseWay(container, shared, wanted.port, undefined, this.settings.address, undefined);
    if (!way.ok) return why(`which cannot be reached (${way.why})`);
    // No probe tells it from a container of this machine that has this address by chance, and would let everybody in.
    if (way.value.elsewhere !== undefined) {
      return why(
        "which is on another machine and publishes no port (--address container takes its own address)",
      );
    }
    return { ...wanted, address: way.value.address, port: way.value.port };
  }
}

/** Several engines may each have one of a name. */
function byName(containers: readonly ContainerView[]): ReadonlyMap<string, readonly ContainerView[]> {
  return Map.groupBy(containers.filter(({ flaw }) => flaw === undefined), ({ name }) => name);
}

/**
 * The oldest that runs. One of the same engine counts before those of others, also while it does not run: else who starts
 * containers on another engine would answer in its place, and let everybody in.
 */
function chosen(
  named: readonly ContainerView[],
  engine: ContainerView["engine"],
): ContainerView | undefined {
  const own = named.filter((each) => isSame(each.engine, engine));
  return (own.length > 0 ? own : named).filter(({ status }) => status === "running")
    .reduce<ContainerView | undefined>(
      (first, each) => first === undefined || each.createdAt < first.createdAt ? each : first,
      undefined,
    );
}

const isSame = (a: ContainerView["engine"], b: ContainerView["engine"]): boolean =>
  a === b || (a !== undefined && a.name === b?.name && a.address === b?.address);
