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
  readonly accessLog: "errors" | "all" | "off";
  /** The socket of HAProxy's own metrics; `undefined` where `--admin` is off. */
  readonly metricsSocket?: string | undefined;
  /** Secrets and switches that the routing asks for; here and not in the master's environment, which it never changes. */
  readonly env: Readonly<Record<string, string>>;
};

/** Variables that haproxy.cfg may ask for; those that are not given are taken out, whatever the master was started with. */
const VARIABLES = [
  "SIGNALBOX_RUN",
  "SIGNALBOX_NO_IPV6",
  "SIGNALBOX_CONNECTIONS",
  "SIGNALBOX_STREAMS",
  "SIGNALBOX_STATS_PASSWORD",
  "SIGNALBOX_INSTANCE",
  "SIGNALBOX_PEERS",
  "SIGNALBOX_LOCAL_PEER",
  "SIGNALBOX_COOKIE_KEY",
  "SIGNALBOX_SOCKETS",
  "SIGNALBOX_SOCKETS_INSIDE",
];

/** Renders process.cfg, which HAProxy loads before haproxy.cfg. */
export function renderProcessConfig(settings: ProcessSettings, templates: Templates): string {
  return templates.render("process.cfg.eta", {
    ...settings,
    variables: VARIABLES.map((name) => ({
      name,
      value: settings.env[name] && quoteForConfig(settings.env[name]),
    })),
    log: settings.syslog ?? (isRingKept(settings) ? `ring@${ACCESS_RING} format raw` : undefined),
    ring: isRingKept(settings) ? ACCESS_RING : undefined,
  });
}

/** Whether HAProxy keeps an access log for signalbox. */
export const isRingKept = ({ syslog, accessLog }: Pick<ProcessSettings, "syslog" | "accessLog">): boolean =>
  syslog === undefined && accessLog !== "off";

/** A text as one word of a config: in single quotes, where nothing is special but the quote (manual, section 2.2). */
function quoteForConfig(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
