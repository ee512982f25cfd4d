import type { Settings } from "../core/settings/settings.ts";
import { prepareRouting, type Routing } from "./routing.ts";

/** The routing of a running signalbox; SIGHUP replaces it by a fresh one. */
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

  /** Reads templates, the password and names again. Throws where they cannot be used, and keeps the old routing. */
  async reread(): Promise<void> {
    this.current = await prepareRouting(this.settings, this.current);
  }
}
