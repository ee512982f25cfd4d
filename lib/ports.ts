import type { Event } from "./core/status/event.ts";
import type { ContainerId, ServerName } from "./core/values/names.ts";
import type { Notice } from "./core/values/notice.ts";
import type { CertificateFile } from "./core/certificates/choose.ts";
import type { TableName } from "./core/values/table.ts";
import type { Capabilities } from "./core/plan/capabilities.ts";
import type { ServerState } from "./core/runtime/operation.ts";
import type { Remains } from "./core/plan/read_back.ts";
import type { Desired } from "./core/config/render.ts";
import type { ReportedServer, Survey } from "./core/state/survey.ts";
import type { Snapshot } from "./core/snapshot/snapshot.ts";

import type { HaproxyStatus } from "./core/status/status.ts";
import type { SourceStatus } from "./core/status/source_status.ts";

/** What to read again; it never says what to do. */
export type Wake = {
  readonly reason:
    | "start"
    | "docker"
    | "resync"
    | "signal"
    | "readiness"
    | "haproxy"
    | "audit"
    | "certificates";
  /** The containers to inspect again; absent for everything. */
  readonly ids?: ReadonlySet<ContainerId>;
  /** Use nothing that was read before. */
  readonly isFresh?: boolean;
  /** When the event came in that caused it (the first of several), in milliseconds of the clock. */
  readonly since?: number;
  /** Waits for the settle time like an event that names containers. */
  readonly settles?: boolean;
};

/** Hears at once what a source of containers learns. */
export type SourceListener = {
  /** Something may have changed. */
  readonly wake: (wake: Wake) => void;
  /**
   * Exactly these containers end, or may have lost their address. The source tells it before it reads anything again;
   * `since` is when the source heard of it, in milliseconds of the clock. `living` are those of them that were told to stop
   * and answer until they do.
   */
  readonly draining: (
    ids: ReadonlySet<ContainerId>,
    since?: number,
    living?: ReadonlySet<ContainerId>,
  ) => void;
  /** A change will follow in a moment. */
  readonly expect: () => void;
};

/** Where signalbox learns of containers: Docker engines, or a file. */
export interface ContainerSource {
  /** What it knows before an engine has answered; absent for nothing. */
  readonly initial?: Snapshot;
  /** Tells the listener what happens, and reconnects by itself, until the signal. */
  follow(listener: SourceListener, signal: AbortSignal): Promise<void>;
  /** How each source stands, for status. */
  describe(): readonly SourceStatus[];
  /** Reads what the wake names and answers with everything known; throws SourceError when nothing can be read. */
  observe(wake: Wake, signal: AbortSignal): Promise<Snapshot>;
}

/** The containers cannot be read now; the message says what was tried, on what, and what would be right. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** A set of files in a folder of its own, and the number by which a worker says that it has loaded them. */
export type Generation = { readonly number: number; readonly folder: string };

/** What became of a set of files. */
export type Outcome =
  | { readonly kind: "applied" }
  | { readonly kind: "rejected"; readonly stage: "write" | "check" | "load"; readonly detail: string }
  /** Ports for TCP that other programs have: nothing was loaded. */
  | {
    readonly kind: "rejected";
    readonly stage: "ports";
    readonly detail: string;
    readonly ports: readonly TakenPort[];
  };

/** A port for TCP that cannot be had, and why not. */
export type TakenPort = { readonly port: number; readonly detail: string };

/** What happened to HAProxy that signalbox did not ask for. */
export type HaproxyEvent = {
  /**
   * `restarted`: HAProxy ended, and a worker serves again with the current files. `replaced`: another worker serves, with
   * files that need not be the current ones: somebody else reloaded HAProxy, or files became current while it started.
   */
  readonly kind: "restarted" | "replaced";
};

/** The HAProxy that is kept in step. */
export interface HaproxyControl {
  /** Calls `onEvent` when something happens to HAProxy that signalbox did not ask for, until the signal. */
  follow(onEvent: (event: HaproxyEvent) => void, signal: AbortSignal): void;
  /** Writes, checks and loads the files; `states` are the servers that may not have traffic yet. Never throws for a refused config. */
  load(desired: Desired, states: ReadonlyMap<ServerName, ServerState>, signal: AbortSignal): Promise<Outcome>;
  /** Checks whether HAProxy would load the files, and leaves nothing behind. */
  check(desired: Desired, signal: AbortSignal): Promise<Outcome>;
  /** Writes the files without a load, so that a restart of HAProxy brings the state that it has now. */
  keep(desired: Desired, states: ReadonlyMap<ServerName, ServerState>, signal: AbortSignal): Promise<Outcome>;
  /**
   * Writes into the current files, which hold what is wanted, how servers begin when HAProxy starts from them: in
   * `maint`, or down since their check has failed.
   */
  keepStates(
    desired: Desired,
    states: ReadonlyMap<ServerName, ServerState>,
    reported?: readonly ReportedServer[],
  ): Promise<void>;
  /** Starts HAProxy with the last good files of an earlier run, if it does not run already; false if there are none. */
  startLast(signal: AbortSignal): Promise<boolean>;
  /** What the running HAProxy can do at run time. */
  readonly capabilities: Capabilities;
  /** The servers of all sections or of one, as the running HAProxy has them; none where none runs. */
  reportServers(section?: string): Promise<readonly ReportedServer[]>;
  /** Everything that commands can change, with the rows of these tables; `undefined` where signalbox sends no commands. */
  survey(
    tables: readonly TableName[],
    certificates?: readonly CertificateFile[],
  ): Promise<Survey | undefined>;
  /** What tells what an HAProxy has that another signalbox managed, or why nothing does; `undefined` without an HAProxy. */
  findRemains(tables: readonly TableName[]): Promise<Remains | string | undefined>;
  /** The haproxy.cfg that the running worker has loaded; `undefined` where that is not known. */
  loadedConfig(): Promise<string | undefined>;
  /** Commands will follow in a moment: opens the connection for them. */
  expectCommands(): void;
  /** Sends commands to the running worker, in order; one reply a command. Throws when HAProxy cannot be reached. */
  send(commands: readonly string[]): Promise<readonly string[]>;
  /** Its state, for status. */
  describe(): Promise<HaproxyStatus>;
  /** Stops managing HAProxy, which goes on. */
  leave(): void;
  /** Ends HAProxy gracefully within the milliseconds, by force after them. */
  stop(limitMs: number): Promise<void>;
}

/** What the prober probes. */
export type ProbeTarget = {
  /** Its container: each container gets an equal share of the probes. */
  readonly container: string;
  readonly hostname: string;
  readonly port: number;
  /** `published`: a connection must also stay open, since the engine's proxy accepts with nothing behind it. */
  readonly via: "container" | "published";
  /** The container's own address and port; its answer decides, where it can be reached. */
  readonly own: { readonly hostname: string; readonly port: number } | undefined;
  /** Other ways to the container, the best first, for where this one does not lead there. */
  readonly others: readonly ProbeWay[];
  /** The probe only looks for a better way to a container that serves: it may be slow. */
  readonly isCalm: boolean;
  /** The container's machine, if that is another one and this is an address there. */
  readonly elsewhere: string | undefined;
  /** The HTTP requests, one after the other; none where a connection is enough. */
  readonly questions: readonly HttpQuestion[];
  /** The server name for TLS; `undefined` for a probe without TLS. */
  readonly tlsName: string | undefined;
  /** How often it is probed once it is late, in milliseconds. */
  readonly lateMs: number;
};

/** A way to a container. */
export type ProbeWay = Pick<ProbeTarget, "hostname" | "port" | "via" | "elsewhere">;

/** A request as it is sent. Either any answer succeeds, or only one that HAProxy's check would take (2xx or 3xx). */
export type HttpQuestion = {
  readonly request: string;
  readonly isAnyRight: boolean;
};

/** How long a container may be probed before it counts as late, in milliseconds. */
export const READY_LIMIT_MS = 60_000;

/** Finds out whether a container answers. */
export interface Prober {
  /**
   * Resolves once the target answered; with the way, if that was one of the others. Rejects only when the signal aborts.
   * `onFailure` hears why each try failed, and how many milliseconds the probe has taken so far.
   */
  prove(
    target: ProbeTarget,
    onFailure: (why: string, probedMs: number) => void,
    signal: AbortSignal,
  ): Promise<ProbeWay | void>;
}

/** Time, so that tests can hold it. */
export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
  /** The machine's date and time of day, which may jump. */
  date(): Date;
  /** Calls back after the milliseconds, unless what it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Resolves after the milliseconds, or at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** A number from 0 up to 1, another one at each call, so that tests can choose it. */
export type Chance = () => number;

/** Where people and machines read what happens. */
export interface Reporter {
  /** Tells what signalbox did or found. */
  tell(event: Event): void;
  /** Tells details for people who look for a fault. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** Lines of HAProxy's access log, told at the level info. */
  requests(lines: readonly string[]): void;
  /** Tells each notice once, and again only after it had gone. */
  notices(notices: readonly Notice[]): void;
}
