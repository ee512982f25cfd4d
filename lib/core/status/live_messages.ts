import type { KeptEvent } from "./history.ts";
import type { Loads } from "./loads.ts";
import type { PictureChange, PictureLists } from "./picture.ts";
import type { HaproxyStatus, StatusFacts } from "./status.ts";

/** What a live picture tells those who look at it, by the name of the message. */
export type LiveMessages = {
  /** The first rows by name, ahead of a picture of many, and how many routes that one has. */
  readonly first: Pick<PictureLists, "routes" | "backends"> & { readonly routesInAll: number };
  /** Everything, in place of what was told before. */
  readonly picture: PictureLists;
  readonly change: PictureChange;
  readonly facts: Omit<StatusFacts, "haproxy">;
  readonly haproxy: HaproxyStatus;
  /** How busy HAProxy is; `null` where it cannot be read. */
  readonly loads: Loads | null;
  /** Events, the oldest first. */
  readonly told: readonly KeptEvent[];
  /** Some events are gone between those that the reader knows and those that follow. */
  readonly gap: null;
  /** Nothing happened: the connection lives. */
  readonly beat: null;
};

/** The name of a message. */
export type LiveMessageName = keyof LiveMessages;
