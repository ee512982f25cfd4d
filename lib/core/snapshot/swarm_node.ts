import type { IpAddress } from "../values/names.ts";

/** A node of a Swarm (Docker API: `GET /nodes`). */
export type SwarmNode = {
  readonly id: string;
  readonly name: string;
  /** Where its host-mode ports are; `undefined` where the manager does not know. */
  readonly address: IpAddress | undefined;
  /** `ready`, `down`, `unknown` or `disconnected` (Status.State). */
  readonly state: string;
  /** It is of the fleet: its label says so, or it is a manager without one; `undefined` where the label cannot be read. */
  readonly isPeer: boolean | undefined;
};
