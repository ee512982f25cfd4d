import type { EventLevel, ProgramEvent } from "./event.ts";

type Of<Kind extends ProgramEvent["kind"]> = Extract<ProgramEvent, { readonly kind: Kind }>;
type Rows = {
  readonly [Kind in ProgramEvent["kind"]]: {
    readonly meaning: string;
    readonly level: EventLevel;
    readonly words: (event: Of<Kind>) => string;
    readonly fields: (event: Of<Kind>) => Readonly<Record<string, unknown>>;
  };
};

const none = (): Readonly<Record<string, unknown>> => ({});

/** The rows of events about the program itself. */
export const PROGRAM_EVENTS = {
  "starting": {
    meaning: "signalbox starts",
    level: "info",
    words: ({ version }) => `signalbox ${version} starts`,
    fields: ({ stateDir, listeners }) => ({ stateDir, listeners }),
  },
  "taking-over": {
    meaning: "signalbox asks the one before to leave",
    level: "info",
    words: () =>
      "taking over from the signalbox that runs here, with its HAProxy (to run beside it takes a --state-dir of its own)",
    fields: ({ pid }) => ({ pid }),
  },
  "rereading": {
    meaning: "SIGHUP arrived, or pages of `--error-pages` changed",
    level: "info",
    words: ({ why }) => `${why}: signalbox reads settings, templates and containers again`,
    fields: ({ why }) => ({ why }),
  },
  "settings-refused": {
    meaning: "settings or templates cannot be read again; the old ones stay",
    level: "error",
    words: ({ why }) => `${why}; signalbox keeps its settings`,
    fields: ({ why }) => ({ why }),
  },
  "status-unavailable": {
    meaning: "the control socket or `--admin` failed",
    level: "error",
    words: ({ why }) => `status endpoint failed: ${why}; retrying`,
    fields: ({ why }) => ({ why }),
  },
  "events-unwritten": {
    meaning: "the file of events in the state directory cannot be written",
    level: "warn",
    words: ({ why }) => `cannot write the file of events: ${why}; signalbox keeps the last ones in memory`,
    fields: ({ why }) => ({ why }),
  },
  "service-manager-unheard": {
    meaning: "systemd cannot be told how signalbox is",
    level: "warn",
    words: ({ why }) => `cannot tell the service manager of NOTIFY_SOCKET how signalbox is: ${why}`,
    fields: ({ why }) => ({ why }),
  },
  "handed-over": {
    meaning: "the next signalbox took over",
    level: "info",
    words: () => "another signalbox takes over; HAProxy keeps running",
    fields: none,
  },
  "stopping": {
    meaning: "signalbox and HAProxy stop",
    level: "info",
    words: () => "stopping; HAProxy finishes requests under way",
    fields: none,
  },
  "stopped": {
    meaning: "HAProxy has ended",
    level: "info",
    words: () => "stopped",
    fields: none,
  },
} satisfies Rows;
