import type { ContainerView, EngineAddress } from "../../core/snapshot/snapshot.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { Wake } from "../../ports.ts";
import type { ListedContainer } from "../api/connect.ts";
import { decodeContainer } from "../api/decode.ts";
import { AnswerOrder } from "./answer_order.ts";
import type { FollowerParts } from "./follower_parts.ts";
import { StaleAddresses } from "./stale_addresses.ts";
import { StartPreparation } from "./start_preparation.ts";
import { StoppingContainers } from "./stopping_containers.ts";

/** What signalbox knows of the containers of one engine. */
export class KnownContainers {
  /** The running containers, as the engine last told. */
  readonly containers = new Map<ContainerId, ContainerView>();
  readonly stopping: StoppingContainers;
  readonly order = new AnswerOrder();
  readonly stale = new StaleAddresses();
  readonly starts: StartPreparation;
  /** How the containers are reached, where there are several engines, or this one has no root. */
  address: EngineAddress | undefined;
  /** The entry of the last list for each container that was read since. */
  #prints = new Map<string, string>();
  #areListed = false;

  constructor(readonly parts: FollowerParts, readonly wake: (wake: Wake) => void) {
    this.stopping = new StoppingContainers(parts.clock);
    this.starts = new StartPreparation({ ...parts, wake });
  }

  /** Whether the engine has listed all its containers once. */
  get areListed(): boolean {
    return this.#areListed;
  }

  /** Whether a container is as the last list showed it, and its address not in doubt. */
  isAsListed({ id, print }: ListedContainer): boolean {
    return this.#prints.get(id) === print && !this.stale.has(id as ContainerId);
  }

  /** Notes a list; containers that are `unread` count as changed in the next list. */
  noteList(listed: readonly ListedContainer[], isUnread: (id: string) => boolean): void {
    this.#areListed = true;
    this.#prints = new Map(listed.filter(({ id }) => !isUnread(id)).map(({ id, print }) => [id, print]));
  }

  /** Known containers that a list lacks, and that are not expected back. */
  missingFrom(ids: ReadonlySet<string>): ContainerView[] {
    return [...this.containers.values()].filter(({ id }) => !ids.has(id) && !this.stopping.mayReturn(id));
  }

  /** Takes the engine's answer for a container; `undefined` where the engine does not know it. */
  take(id: string, json: unknown): void {
    if (json === undefined) return this.forget(id as ContainerId);
    const container = decodeContainer(json, this.parts.labelPrefix);
    if (!container.ok) {
      this.parts.report.tell({
        kind: "container-unreadable",
        source: this.parts.url,
        container: id.slice(0, 12),
        why: `expected ${container.expected}`,
      });
      return this.forget(id as ContainerId);
    }
    const { id: named, status } = container.value;
    const view = { ...container.value, engine: this.address };
    if (status !== "running" && status !== "paused") {
      this.forget(named);
      return this.starts.remember(view);
    }
    this.containers.set(named, view);
    this.starts.forget(named);
    this.stopping.remember(view, this.wake);
  }

  /** Notes that a known container may have another address by now. */
  distrust(id: ContainerId): void {
    this.stale.add(id, this.containers);
  }

  /** Forgets a container; it may be started again. */
  forget(id: ContainerId): void {
    this.starts.remember(this.containers.get(id));
    this.containers.delete(id);
    this.#prints.delete(id);
    this.stopping.delete(id);
    this.stale.delete(id);
    this.starts.outdate(id);
  }

  /** Gives up on ends that do not come, and has those containers read: their events since were taken for parts of an end. */
  expireStopping(): void {
    const expired = this.stopping.expire(this.containers);
    for (const id of expired) {
      const container = this.containers.get(id)?.name ?? id.slice(0, 12);
      this.parts.report.tell({ kind: "container-survived", container });
      this.distrust(id);
    }
    if (expired.length > 0) this.wake({ reason: "docker", ids: new Set(expired) });
  }
}
