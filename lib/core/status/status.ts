import { certificateLines, certificatesOf, type CertificateStatus } from "./certificate_status.ts";
import { acmeLines, type AcmeStatus } from "./acme_status.ts";
import { count } from "../values/count.ts";
import { formatListeners, type ListenerStatus, withStreams } from "./listeners.ts";
import type { Built } from "../model/build_model.ts";
import { isServed, type Model, routeName, type Server } from "../model/model.ts";
import type { ServerName } from "../values/names.ts";
import { formatNotice, type Notice, onOneLine } from "../values/notice.ts";
import { type ReloadReason, reloadReasonText } from "../plan/reload_reason.ts";
import type { ReportedServer } from "../state/survey.ts";
import { countContainers, type Counted } from "../model/verdict.ts";
import type { Durations } from "./histogram.ts";
import type { Tallied } from "./tally.ts";
import type { ServerLimit } from "../model/server_limit.ts";
import type { At } from "../model/ways.ts";
import { formatTroubles, type PastEvent } from "./history.ts";
import { limitLines } from "./server_limit_line.ts";
import { type LastReload, reloadLine } from "./last_reload.ts";
import { routeLines, type RouteStatus, type ServerStatus } from "./route_status.ts";
import { secondsOf, serverReader } from "./server_status.ts";
import { servedOf, sourceLine, type SourceStatus } from "./source_status.ts";

/** How the access log was read since the start. */
export type AccessLogStatus = {
  /** How often a stream that had ended was opened again. */
  readonly reopened: number;
  /** Lines that HAProxy says were not read fast enough. */
  readonly lost: number;
  /** Gaps in the access log of unknown length. */
  readonly gaps: number;
};

/** The HAProxy that is kept in step; absent fields where none runs or others run it. */
export type HaproxyStatus = {
  readonly isServing: boolean;
  readonly version: string | undefined;
  readonly pid: number | undefined;
  readonly uptimeSeconds: number | undefined;
  /** When the worker that serves began, which the last reload did: ISO 8601, UTC, to about a second. */
  readonly workerStartedAt?: string | undefined;
  /** Workers that drain after a reload, and how long the oldest has run. */
  readonly oldWorkers: number;
  readonly oldestWorkerSeconds: number;
  /** Crashes in a row, since it last served. */
  readonly failures: number;
  /** Absent where its access log is not ours to read. */
  readonly accessLog?: AccessLogStatus;
};

/** A reload that waits for the budget, and for how long. */
export type SpacedReload = { readonly reasons: readonly ReloadReason[]; readonly waitMs: number };

/** What the loop knows at one moment. Status, health and metrics are made from it. */
export type LoopState = {
  readonly sources: readonly SourceStatus[];
  /** `undefined` until containers were read for the first time. */
  readonly model: Model | undefined;
  /** How the model came about, likewise. */
  readonly built: Built | undefined;
  readonly notices: readonly Notice[];
  /** Why servers have no traffic yet. */
  readonly waiting: ReadonlyMap<ServerName, string>;
  /** HAProxy has a config that this signalbox made, or knows. */
  readonly hasConfig: boolean;
  readonly reloads: number;
  /** How many reloads had a reason of the kind; one may have several. */
  readonly reloadsByReason: ReadonlyMap<ReloadReason["kind"], number>;
  readonly lastReload:
    | { readonly at: Date; readonly tookMs: number; readonly reasons: readonly ReloadReason[] }
    | undefined;
  readonly spaced: SpacedReload | undefined;
  readonly trouble: string | undefined;
  readonly leaving: number;
  /** From a container's readiness to its first traffic. */
  readonly firstTraffic: Durations;
  /** How often HAProxy did not take up what was wanted, by the stage at which that was. */
  readonly refusals: Readonly<Record<string, number>>;
};

/** The status of a running signalbox: what the loop knows, and what HAProxy reports; `status`, health and metrics read it. */
export type Status = {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly sources: readonly SourceStatus[];
  readonly haproxy: HaproxyStatus;
  /** HAProxy's listeners; while it does not serve or is not in step, those that it should have. */
  readonly listeners: readonly ListenerStatus[];
  /** How many servers HAProxy can have; absent where there is no limit, or it is unknown. */
  readonly serverLimit?: ServerLimit | undefined;
  readonly lastReload: LastReload | undefined;
  readonly hasConfig: boolean;
  readonly reloads: number;
  readonly reloadsByReason: Readonly<Record<string, number>>;
  /** The reasons of a reload that waits for the budget, and for how long; absent where none waits. */
  readonly spacedReload: { readonly reasons: readonly string[]; readonly waitMs: number } | undefined;
  /** Why HAProxy is not in step; absent where it is. */
  readonly trouble: string | undefined;
  readonly routes: readonly RouteStatus[];
  /** Servers that wait for their last connections before they are deleted. */
  readonly leaving: number;
  /** Servers that are reached by another way than the rules choose, since only that one leads to them. */
  readonly detours?: readonly ({ readonly server: ServerName } & At)[];
  readonly notices: readonly Notice[];
  /** The certificates for clients; absent without a TLS listener. */
  readonly certificates?: readonly CertificateStatus[];
  /** How certificates are fetched; absent where none are. */
  readonly acme?: AcmeStatus;
  /** The last events, the oldest first; an older signalbox has none. */
  readonly events?: readonly PastEvent[];
  /** How many events of each kind there were since the start. */
  readonly eventCounts?: Readonly<Record<string, number>>;
  /** What was counted and timed since the start; an older signalbox has none. */
  readonly measured?: Measured;
};

/** What was counted and timed since the start, and how many containers are routed. */
export type Measured = Tallied & {
  readonly firstTraffic: Durations;
  readonly refusals: Readonly<Record<string, number>>;
  readonly containers: Counted;
};

/** What there is one of in a status. */
export type StatusFacts = Omit<
  Status,
  "routes" | "notices" | "detours" | "events" | "eventCounts" | "measured"
>;

/** What does not come from the loop. */
type ProgramPart = Pick<Status, "version" | "pid" | "startedAt" | "listeners" | "serverLimit" | "acme">;

/** What there is one of, with what HAProxy says of itself in the same moment. */
export function factsOf(program: ProgramPart, state: LoopState, haproxy: HaproxyStatus): StatusFacts {
  const { model, lastReload } = state;
  return {
    ...program,
    ...model !== undefined && (model.certificates?.rows.length ?? 0) > 0 &&
      { certificates: certificatesOf(model.certificates) },
    listeners: model === undefined ? program.listeners : withStreams(program.listeners, model.streams),
    sources: model === undefined ? state.sources : servedOf(state.sources, model),
    haproxy,
    lastReload: lastReload && {
      at: lastReload.at.toISOString(),
      tookMs: lastReload.tookMs,
      reasons: lastReload.reasons.map(reloadReasonText),
      kinds: lastReload.reasons.map(({ kind }) => kind),
    },
    hasConfig: state.hasConfig,
    reloads: state.reloads,
    reloadsByReason: Object.fromEntries(state.reloadsByReason),
    spacedReload: state.spaced && {
      reasons: state.spaced.reasons.map(reloadReasonText),
      waitMs: state.spaced.waitMs,
    },
    trouble: state.trouble,
    leaving: state.leaving,
  };
}

/** The status of a loop, with what HAProxy reports in the same moment. */
export function statusOf(
  { tallied, ...program }: ProgramPart & Pick<Status, "events" | "eventCounts"> & {
    readonly tallied?: Tallied;
  },
  state: LoopState,
  haproxy: HaproxyStatus,
  reported: readonly ReportedServer[],
): Status {
  const { model, built, firstTraffic, refusals } = state;
  const byName = new Map(reported.map((server) => [server.name, server]));
  return {
    ...factsOf(program, state, haproxy),
    routes: model === undefined ? [] : readRoutes(model, serverReader(state, haproxy.isServing, byName)),
    detours: model === undefined ? [] : detoursOf(model),
    notices: state.notices,
    ...tallied !== undefined && {
      measured: {
        ...tallied,
        firstTraffic,
        refusals,
        containers: built === undefined ? { routed: 0, left: {} } : countContainers(built),
      },
    },
  };
}

/** Whether HAProxy serves, and what it serves is what it should. */
export const isWell = ({ haproxy, trouble }: Status): boolean => haproxy.isServing && trouble === undefined;

/** The status for people: a line a fact. */
export function formatStatus(status: Status): string {
  const lines = [`signalbox ${status.version}, pid ${status.pid}, since ${status.startedAt}`];
  lines.push(...status.sources.map(sourceLine));
  lines.push(haproxyLine(status.haproxy));
  // An older signalbox has none.
  if ((status.listeners ?? []).length > 0) {
    const listens = isWell(status) ? "listens on" : "is to listen on";
    lines.push(`haproxy ${listens}: ${formatListeners(status.listeners)}`);
  }
  lines.push(...reloadLine(status));
  if (status.spacedReload !== undefined) lines.push(spacedLine(status.pid, status.spacedReload));
  if (status.trouble !== undefined) lines.push(`NOT IN STEP: ${status.trouble}`);
  lines.push(...limitLines(status.serverLimit, status.routes));
  lines.push(...routeLines(status.routes));
  lines.push(...certificateLines(status.certificates));
  lines.push(...acmeLines(status.acme));
  if (status.leaving > 0) {
    lines.push(`${count(status.leaving, "removed server")} draining the last connections`);
  }
  for (const notice of status.notices) lines.push(formatNotice(notice));
  lines.push(...formatTroubles(status.events ?? []));
  return lines.map((line) => `${onOneLine(line)}\n`).join("");
}

/** Reloads wait because HAProxy ends an old worker after fifty reloads, whatever connections it still has. */
function spacedLine(pid: number, { reasons, waitMs }: NonNullable<Status["spacedReload"]>): string {
  const why =
    "so that those before it cut no connection that may last (--hard-stop-after; a smaller one waits less)";
  const how = `SIGHUP loads at once (kill -HUP ${pid})`;
  return `the next reload waits ${secondsOf(waitMs)}, ${why}; ${how}; it is for: ${
    reasons.slice(0, 3).join("; ")
  }`;
}

function haproxyLine(haproxy: HaproxyStatus): string {
  if (!haproxy.isServing) {
    return `haproxy: NOT SERVING${
      haproxy.failures > 0 ? `, it ended ${count(haproxy.failures, "time")} in a row` : ""
    }`;
  }
  if (haproxy.pid === undefined) return "haproxy: run by others";
  const { oldWorkers, oldestWorkerSeconds } = haproxy;
  const age = `${oldWorkers === 1 ? "started" : "the oldest started"} ${oldestWorkerSeconds} s ago`;
  const old = oldWorkers === 0 ? "" : `; ${count(oldWorkers, "old worker")} draining, ${age}`;
  return `haproxy: ${haproxy.version}, pid ${haproxy.pid}, up ${haproxy.uptimeSeconds} s${old}`;
}

function detoursOf({ backends }: Model): NonNullable<Status["detours"]> {
  return backends.flatMap(({ servers }) => servers.filter(({ isDetour }) => isDetour)).map((server) => ({
    server: server.name,
    address: server.address,
    port: server.port,
  }));
}

function readRoutes(model: Model, read: (server: Server) => ServerStatus): Status["routes"] {
  const servers = new Map(model.backends.map((backend) => [backend.name, backend.servers.map(read)]));
  // A host and path that has variants alone is none by itself.
  return [...model.routes, ...model.streams.routes].filter(isServed).map((route) => ({
    route: routeName(route),
    backend: route.backend,
    ...(route.move !== undefined && { isRedirect: true as const }),
    servers: servers.get(route.backend) ?? [],
  }));
}
