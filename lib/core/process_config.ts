import type { FileName } from "./render.ts";
import type { Templates } from "./templates.ts";

/** The ring that the access log is kept in, where no syslog server is named. */
export const ACCESS_RING = "_access";

/** What the running process needs beside the routing. */
export type ProcessSettings = {
  /** Tells the generation that a worker has loaded. */
  readonly description: string;
  readonly pidFile: string;
  readonly socket: string;
  readonly stateBase: string;
  readonly stateFile: FileName;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly chroot: string | undefined;
  readonly syslog: string | undefined;
};

/** Renders process.cfg, which HAProxy loads before haproxy.cfg. */
export function renderProcessConfig(settings: ProcessSettings, templates: Templates): string {
  return templates.render("process.cfg.eta", {
    ...settings,
    log: settings.syslog ?? `ring@${ACCESS_RING} format raw`,
    ring: settings.syslog === undefined ? ACCESS_RING : undefined,
  });
}
