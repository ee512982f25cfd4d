import type { Notice } from "./notice.ts";
import { formatNotice } from "./notice.ts";

/** One source of containers: an engine, or a file. */
export type SourceStatus = {
  readonly name: string;
  readonly isConnected: boolean;
  /** What the engine calls itself, or why it is not there. */
  readonly detail: string;
  readonly containers: number;
};

/** The HAProxy that is kept in step; absent fields where none runs or others run it. */
export type HaproxyStatus = {
  readonly isServing: boolean;
  readonly version: string | undefined;
  readonly pid: number | undefined;
  readonly uptimeSeconds: number | undefined;
  /** Workers of before a reload that finish what they have, and how long the oldest has run. */
  readonly oldWorkers: number;
  readonly oldestWorkerSeconds: number;
  /** Crashes in a row, since it last served. */
  readonly failures: number;
};

/** A server of a route, and whether it has traffic. */
export type ServerStatus = {
  readonly container: string;
  readonly address: string;
  readonly state: "ready" | "waiting" | "draining" | "down";
  /** What it waits for. */
  readonly why: string | undefined;
};

/** How a running signalbox stands: one model, which `status`, health and metrics read. */
export type Status = {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly sources: readonly SourceStatus[];
  readonly haproxy: HaproxyStatus;
  readonly lastReload:
    | { readonly at: string; readonly tookMs: number; readonly reasons: readonly string[] }
    | undefined;
  readonly reloads: number;
  /** Why HAProxy is not in step; absent where it is. */
  readonly trouble: string | undefined;
  readonly routes: readonly {
    readonly route: string;
    readonly backend: string;
    readonly servers: readonly ServerStatus[];
  }[];
  /** Servers that were told to go and wait for their last connections. */
  readonly leaving: number;
  readonly notices: readonly Notice[];
};

/** The status for people: a line a fact. */
export function formatStatus(status: Status): string {
  const lines = [`signalbox ${status.version}, pid ${status.pid}, since ${status.startedAt}`];
  for (const source of status.sources) {
    const state = source.isConnected ? "connected" : "NOT CONNECTED";
    lines.push(`containers: ${source.name}: ${state} (${source.detail}), ${source.containers} running`);
  }
  lines.push(haproxyLine(status.haproxy));
  if (status.lastReload !== undefined) {
    const { at, tookMs, reasons } = status.lastReload;
    lines.push(
      `last reload: ${at}, took ${Math.round(tookMs)} ms: ${
        reasons.slice(0, 3).join("; ")
      } (${status.reloads} in all)`,
    );
  }
  if (status.trouble !== undefined) lines.push(`NOT IN STEP: ${status.trouble}`);
  lines.push(`routes: ${status.routes.length}`);
  for (const { route, servers } of status.routes) {
    lines.push(`  ${route}: ${countStates(servers)}`);
    for (const server of servers) {
      if (server.state !== "ready") {
        lines.push(
          `    ${server.container} at ${server.address} is ${server.state}${
            server.why ? `: ${server.why}` : ""
          }`,
        );
      }
    }
  }
  if (status.leaving > 0) lines.push(`${status.leaving} servers that are gone finish their last connections`);
  for (const notice of status.notices) lines.push(formatNotice(notice));
  return `${lines.join("\n")}\n`;
}

function haproxyLine(haproxy: HaproxyStatus): string {
  if (!haproxy.isServing) {
    return `haproxy: NOT SERVING${
      haproxy.failures > 0 ? `, it ended ${haproxy.failures} times in a row` : ""
    }`;
  }
  if (haproxy.pid === undefined) return "haproxy: run by others";
  const { oldWorkers, oldestWorkerSeconds } = haproxy;
  const which = oldWorkers === 1 ? "1 worker, which" : `${oldWorkers} workers, the oldest of which`;
  const old = oldWorkers === 0 ? "" : `; of before a reload: ${which} began ${oldestWorkerSeconds} s ago`;
  return `haproxy: ${haproxy.version}, pid ${haproxy.pid}, up ${haproxy.uptimeSeconds} s${old}`;
}

function countStates(servers: readonly ServerStatus[]): string {
  const counts = new Map<string, number>();
  for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}
