import type { Settings } from "../core/settings/settings.ts";
import { prepareRouting, type Routing } from "./routing.ts";

/** The routing of a signalbox that runs: SIGHUP puts a fresh one in its place. */
export class LiveRouting {
  private constructor(readonly settings: Settings, private current: Routing) {}

  /** Prepares it. Throws Failure. */
  static async open(settings: Settings): Promise<LiveRouting> {
    return new LiveRouting(settings, await prepareRouting(settings));
  }

  /** As it is now. */
  get now(): Routing {
    return this.current;
  }

  /** Reads templates, the password and names again; throws where they cannot be used, and stays as it was. */
  async reread(): Promise<void> {
    this.current = await prepareRouting(this.settings, this.current);
  }
}
