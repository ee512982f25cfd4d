import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView, NetworkAttachment } from "../../core/snapshot/snapshot.ts";

/** Containers that do not run and are remembered, at most; of more, the one known for longest is forgotten. */
const MOST = 1_000;

/**
 * Containers that are being started, as they will be: what was known of them while they did not run, with the addresses
 * that their networks have just given them. From there to its `start` event an engine takes some 200 milliseconds, in
 * which all can be made ready that does not depend on the container itself.
 */
export class PendingStarts {
  /** Those that have their address. */
  readonly views = new Map<ContainerId, ContainerView>();
  readonly #idle = new Map<ContainerId, ContainerView>();

  /** Remembers a container that does not run, if all that its route depends on is known but its address. */
  remember(container: ContainerView): void {
    this.forget(container.id);
    const [network, ...others] = container.networks;
    // Which of several ports or networks is used depends on what is published and attached when it runs.
    const tcp = container.exposed.filter(({ protocol }) => protocol === "tcp");
    if (network === undefined || others.length > 0 || tcp.length !== 1 || tcp[0]?.last !== undefined) return;
    const networks = [{ name: network.name, ipv4: undefined, ipv6: undefined }];
    // One that has a health check begins anew with it.
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

  /** Notes what its network gave a container; one that is on yet another network is forgotten. */
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
