import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView, NetworkAttachment } from "../../core/snapshot/snapshot.ts";

/** How many stopped containers are remembered at most; beyond that, the one known longest is dropped. */
const MOST = 1_000;

/**
 * Containers that their engine starts, as they will be: their configuration, with the addresses that their networks have
 * just given them. From there to the `start` event an engine takes some 200 milliseconds. signalbox uses them to prepare
 * everything that does not depend on the container itself.
 */
export class PendingStarts {
  /** The containers that have their address. */
  readonly views = new Map<ContainerId, ContainerView>();
  readonly #idle = new Map<ContainerId, ContainerView>();

  /** Remembers a container that does not run, if its route depends on nothing unknown but its address. */
  remember(container: ContainerView): void {
    this.forget(container.id);
    const [network, ...others] = container.networks;
    // The choice between several ports or networks depends on what is published and attached when the container runs.
    const tcp = container.exposed.filter(({ protocol }) => protocol === "tcp");
    if (network === undefined || others.length > 0 || tcp.length !== 1 || tcp[0]?.last !== undefined) return;
    const networks = [{ name: network.name, ipv4: undefined, ipv6: undefined }];
    // A container with a health check starts as `starting`.
    const health = container.health === "none" ? "none" : "starting";
    this.#idle.set(container.id, { ...container, networks, published: [], health, startedAt: "" });
    for (const oldest of this.#idle.keys()) {
      if (this.#idle.size <= MOST) break;
      this.#idle.delete(oldest);
    }
  }

  /** Whether a container is remembered. */
  knows(id: ContainerId): boolean {
    return this.#idle.has(id);
  }

  /** Notes the address that a network gave a container; a container on yet another network is forgotten. */
  attach(id: ContainerId, given: NetworkAttachment): void {
    const before = this.#idle.get(id);
    if (before === undefined) return;
    const isOnly = before.networks.every(({ name }) => name === given.name);
    if (!isOnly || (given.ipv4 ?? given.ipv6) === undefined) this.forget(id);
    else this.views.set(id, { ...before, networks: [given] });
  }

  /** Forgets a container, or all; answers whether one was being started. */
  forget(id?: ContainerId): boolean {
    if (id !== undefined) {
      this.#idle.delete(id);
      return this.views.delete(id);
    }
    this.#idle.clear();
    this.views.clear();
    return false;
  }
}
