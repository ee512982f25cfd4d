import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import type { ContainerView, EngineAddress, Rootless } from "../../core/snapshot/snapshot.ts";
import type { Chance, Clock, Reporter } from "../../ports.ts";
import type { EngineTransport } from "../api/modem.ts";

/** What a follower is made of. */
export type FollowerParts = {
  readonly url: string;
  readonly openTransport: (signal: AbortSignal) => Promise<EngineTransport>;
  /** The address of its containers, where there are several engines, or it has no root; `undefined` where the settings decide. */
  readonly findAddress: (rootless: Rootless | undefined) => Promise<EngineAddress | undefined>;
  /** Whether a container still takes connections, for one that the engine no longer knows. */
  readonly answers: (container: ContainerView) => Promise<boolean>;
  /** Watches a container by a connection: true once the container ends it, false if it takes none, or at the signal. */
  readonly untilGone: (container: ContainerView, signal: AbortSignal) => Promise<boolean>;
  /** Whether traffic reaches a container at its own address, which its network tells before it runs. */
  readonly isReachedDirectly: (container: ContainerView) => boolean;
  /** How long the engine may take for an answer, in milliseconds, if not as long as usual. */
  readonly deadlineMs?: number;
  /** What labels begin with, if not with `interlock.`. */
  readonly labelPrefix?: LabelPrefix;
  /** Hears how many containers run, before they are inspected. */
  readonly onList?: (containers: number) => void;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly report: Reporter;
};
