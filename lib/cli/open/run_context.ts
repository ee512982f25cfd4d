import type { Settings } from "../../core/settings/settings.ts";
import type { ServiceManager } from "../../report/service_manager.ts";
import type { Log } from "../../report/log.ts";
import type { LiveRouting } from "../live_routing.ts";

/** What the parts of a signalbox that runs are opened with. */
export type RunContext = {
  readonly settings: Settings;
  readonly stateDir: string;
  readonly routing: LiveRouting;
  readonly report: Log;
  /** Who started signalbox as a service and wants to hear of it. */
  readonly service?: ServiceManager | undefined;
};
