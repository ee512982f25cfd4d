import { ContainerLookup } from "./container_lookup.ts";
import type { ContainerView, Snapshot } from "./snapshot.ts";

/** The container that has the network which another one uses; or why there is none. */
export type NetworkOwner = ContainerView | "gone" | "circle";

const SHARES_NETWORK = "container:";

/** Whether a container uses the network of another (`--network container:ID`, `network_mode: "service:vpn"`). */
export const sharesNetwork = ({ networkMode }: ContainerView): boolean =>
  networkMode.startsWith(SHARES_NETWORK);

/** Finds the container whose network another one uses, in one snapshot. */
export class NetworkOwners {
  #lookup: ContainerLookup | undefined;

  constructor(readonly snapshot: Snapshot) {}

  /** The container itself, unless it uses the network of another, which may use that of yet another. */
  ownerOf(container: ContainerView): NetworkOwner {
    // Most have their own network, and each pass comes by all containers.
    if (!sharesNetwork(container)) return container;
    let owner = container;
    const passed = new Set<ContainerView>();
    while (sharesNetwork(owner)) {
      if (passed.has(owner)) return "circle";
      passed.add(owner);
      const next = this.#find(owner.networkMode.slice(SHARES_NETWORK.length), owner);
      if (next === undefined) return "gone";
      owner = next;
    }
    return owner;
  }

  /** The container of a usable network: it runs, and its addresses are known. */
  #find(word: string, by: ContainerView): ContainerView | undefined {
    this.#lookup ??= new ContainerLookup(
      this.snapshot.containers.filter(({ listed }) => listed === undefined),
    );
    const found = this.#lookup.find(word, by.engine);
    const isThere = found !== undefined && found.flaw === undefined &&
      !this.snapshot.starting.has(found.id) &&
      (found.status === "running" || found.status === "paused");
    return isThere ? found : undefined;
  }
}
