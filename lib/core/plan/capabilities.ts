import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";

/** What the HAProxy found can do at run time (management guide; `add server` with checks from 2.6 on). */
export type Capabilities = {
  readonly canAddServers: boolean;
  /** Backends too come and go without a reload (`add backend`, from 3.4 on, where the user wants it). */
  readonly canAddBackends: boolean;
  /** It takes commands at all; one that others run does not, and gives traffic to every server of its files. */
  readonly canSetStates: boolean;
};

/** What a version can do, as the management guides of the versions tell, and may do. */
export function capabilitiesOf(version: HaproxyVersion, addBackends: boolean): Capabilities {
  return {
    canAddServers: isAtLeast(version, [2, 6]),
    canAddBackends: addBackends && isAtLeast(version, [3, 4]),
    canSetStates: true,
  };
}
