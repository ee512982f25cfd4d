import type { HostName } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { Route } from "./model.ts";
import type { Member } from "./routing_settings.ts";
import type { Ward } from "./wards.ts";

/** A server, and what it wants to serve: its own host, and its aliases, each once. */
export type Offer = Member & { readonly own: Route; readonly aliases: readonly Route[] };

/** What became of one route that a container wants: an offer, the reason why there is none, or nothing worth telling. */
export type Attempt = {
  readonly notices: readonly Notice[];
  /** How many notices there were beyond those. */
  readonly more?: number;
  readonly offer?: Offer;
  readonly why?: string;
  /** A word for that, where no notice has one. */
  readonly code?: string;
  /** The host that it would serve. */
  readonly wanted?: HostName;
  /** What protects the route that there is no offer of. */
  readonly ward?: Ward | undefined;
};
