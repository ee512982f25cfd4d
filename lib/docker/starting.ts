import type { ContainerId } from "../core/names.ts";
import type { ContainerView, NetworkAttachment } from "../core/snapshot.ts";

/** Containers that do not run and are remembered, at most; of more, the one known for longest is forgotten. */
const MOST = 1_000;

/**
 * Containers that are being started, as they will be: what was known of them while they did not run, with the addresses
 * that their networks have just given them. From there to its `start` event an engine takes some 200 milliseconds, in
 * which all can be made ready that does not depend on the container itself.
 */
export class StartingContainers {
  /** Those that have their addresses. */
  readonly views = new Map<ContainerId, ContainerView>();
  readonly #idle = new Map<ContainerId, ContainerView>();

  /** Remembers a container that does not run: it was created, or it has ended. */
  remember(container: ContainerView): void {
    this.forget(container.id);
    const networks = container.networks.map(({ name }) => ({ name, ipv4: undefined, ipv6: undefined }));
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

  /** Notes what a network gave a container; answers whether that was the last address that was missing. */
  attach(id: ContainerId, given: NetworkAttachment): boolean {
    const before = this.#idle.get(id);
    if (before === undefined) return false;
    const networks = before.networks.map((network) => network.name === given.name ? given : network);
    const view = { ...before, networks };
    this.#idle.set(id, view);
    if (networks.some(({ ipv4, ipv6 }) => (ipv4 ?? ipv6) === undefined)) return false;
    this.views.set(id, view);
    return true;
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
