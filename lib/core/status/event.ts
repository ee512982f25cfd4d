import type { Operation } from "../runtime/operation.ts";
import type { ReloadReason } from "../plan/reload_reason.ts";
import type { ServedChanges } from "./served_changes.ts";
import type { ServerName } from "../values/names.ts";

/** How much an event matters. */
export type EventLevel = "error" | "warn" | "info" | "debug";

/** What signalbox did or found, as data. `EVENTS` has the words; log, status and metrics read both. */
export type Event = ProgramEvent | EngineEvent | HaproxyEvent | AccessLogEvent | LoopEvent | AcmeEvent;

/** The program itself. */
export type ProgramEvent =
  | {
    readonly kind: "starting";
    readonly version: string;
    readonly stateDir: string;
    readonly listeners: string;
  }
  /** Told the signalbox of this state directory to leave. */
  | { readonly kind: "taking-over"; readonly pid: number | undefined }
  /** SIGHUP, or what else is the cause. */
  | { readonly kind: "rereading"; readonly why: string }
  | { readonly kind: "settings-refused"; readonly why: string }
  /** The control socket or the admin address failed. */
  | { readonly kind: "status-unavailable"; readonly why: string }
  /** The file of events in the state directory. */
  | { readonly kind: "events-unwritten"; readonly why: string }
  /** The service manager that started signalbox, such as systemd. */
  | { readonly kind: "service-manager-unheard"; readonly why: string }
  | { readonly kind: "handed-over" }
  | { readonly kind: "stopping" }
  | { readonly kind: "stopped" };

/** Engines and their containers; `source` is the address of an engine or the path of a file. */
type EngineEvent =
  | { readonly kind: "engine-found"; readonly source: string; readonly engine: string }
  /** A list that was too long to be read is not any more. */
  | { readonly kind: "engine-readable"; readonly source: string }
  | { readonly kind: "engine-lost"; readonly source: string; readonly why: string }
  /** `source` is a manager of a Swarm. */
  | {
    readonly kind: "swarm-found";
    readonly source: string;
    readonly nodes: number;
    readonly services: number;
  }
  | { readonly kind: "swarm-lost"; readonly source: string; readonly why: string }
  | { readonly kind: "snapshot-unreadable"; readonly source: string; readonly why: string }
  | {
    readonly kind: "container-unreadable";
    readonly source: string;
    readonly container: string;
    readonly why: string;
  }
  | { readonly kind: "container-late"; readonly source: string; readonly container: string }
  /** It was told to stop and still runs after its time. */
  | { readonly kind: "container-survived"; readonly container: string }
  /** The engine does not list it, and it answers. */
  | { readonly kind: "container-unlisted"; readonly source: string; readonly container: string };

/** HAProxy's process and files. */
type HaproxyEvent =
  | { readonly kind: "haproxy-started"; readonly pid: number; readonly version: string }
  | { readonly kind: "adopted"; readonly pid: number; readonly version: string }
  | { readonly kind: "haproxy-listening"; readonly listeners: string }
  /** An adopted HAProxy has listeners that no setting asks for. */
  | { readonly kind: "listeners-gone"; readonly closes: string; readonly keeps: string }
  | { readonly kind: "haproxy-lost"; readonly how: string }
  /** It runs, and its sockets are gone. */
  | { readonly kind: "haproxy-cut-off" }
  | { readonly kind: "haproxy-printed"; readonly line: string; readonly level: EventLevel }
  /** `haproxy -c` accepts the config and warns. */
  | { readonly kind: "config-warned"; readonly message: string }
  | { readonly kind: "copy-failed"; readonly path: string; readonly why: string }
  | { readonly kind: "pid-file-failed"; readonly path: string; readonly why: string };

/** Lines of the access log that signalbox could not read. */
type AccessLogEvent =
  | { readonly kind: "access-log-lost"; readonly lines: number }
  /** `after` is the time of the last line before the gap, as HAProxy writes it. */
  | { readonly kind: "access-log-gap"; readonly after: string | undefined }
  /** The signalbox before left no mark; HAProxy keeps so many lines. */
  | { readonly kind: "access-log-unmarked"; readonly lines: number };

/** Certificates that are fetched; `authority` is the address of its directory. */
export type AcmeEvent =
  | {
    readonly kind: "certificate-fetched";
    readonly hosts: readonly string[];
    readonly until: string;
    readonly authority: string;
    readonly tookMs: number;
  }
  | {
    readonly kind: "certificate-failed";
    readonly hosts: readonly string[];
    readonly why: string;
    readonly authority: string;
    readonly waitMs: number;
  }
  | {
    readonly kind: "authority-failed";
    readonly authority: string;
    readonly why: string;
    readonly waitMs: number;
  }
  /** The storage or its lease cannot be used. */
  | { readonly kind: "certificates-stuck"; readonly why: string }
  | { readonly kind: "certificates-led"; readonly storage: string };

/** What the loop did to HAProxy, and what it found there. */
type LoopEvent =
  | { readonly kind: "read-back"; readonly routes: number; readonly spares: number }
  | ({
    readonly kind: "changed";
    readonly operations: readonly Operation[];
    /** What that changes for clients; absent where that is not known. */
    readonly served?: ServedChanges;
    /** The rest of the plan needs a reload. */
    readonly isMeanwhile?: boolean;
  } & Timed)
  | ({
    readonly kind: "reloaded";
    readonly reasons: readonly ReloadReason[];
    readonly served?: ServedChanges;
  } & Timed)
  /** There were many, and it need not be at once. */
  | { readonly kind: "reload-waits"; readonly reasons: readonly ReloadReason[]; readonly waitMs: number }
  | ({
    readonly kind: "drained";
    readonly servers: readonly string[];
    readonly served?: ServedChanges;
  } & Timed)
  /** Drained servers whose containers live on. */
  | {
    readonly kind: "restored";
    readonly servers: readonly ServerName[];
    readonly served?: ServedChanges;
  }
  /** A reply or a second look was not as expected; only a reload mends it. */
  | { readonly kind: "diverged"; readonly detail: string }
  /** Somebody else changed HAProxy. */
  | { readonly kind: "drifted"; readonly detail: string }
  | { readonly kind: "behind"; readonly why: string; readonly isServing: boolean }
  | { readonly kind: "in-step" }
  | {
    readonly kind: "no-traffic";
    readonly container: string;
    readonly server: ServerName;
    readonly why: string;
  };

/** Milliseconds from the engine's event to HAProxy's answer; absent where no event began it. */
type Timed = { readonly sinceEventMs?: number | undefined };

/** An event of one kind. */
export type EventOf<Kind extends Event["kind"]> = Extract<Event, { readonly kind: Kind }>;
