/** Statuses for the tests of what is reported: whole ones, of which a test names only what it is about. */
import type { Status } from "../../lib/core/status/status.ts";

/** A signalbox that has applied one config and is in step. */
export function statusOf(given: Partial<Status> = {}): Status {
  return {
    version: "1.2.3",
    pid: 4,
    startedAt: "2024-05-01T10:00:00.000Z",
    sources: [{ name: "unix:///docker.sock", isConnected: true, detail: "20.10, API 1.41", containers: 2 }],
    haproxy: {
      isServing: true,
      version: "2.6.12",
      pid: 5,
      uptimeSeconds: 6,
      oldWorkers: 0,
      oldestWorkerSeconds: 0,
      failures: 0,
    },
    listeners: [{ address: "*", port: 80, isTls: false }],
    lastReload: {
      at: "2024-05-01T10:00:01.000Z",
      tookMs: 20,
      reasons: ["the first config"],
      kinds: ["first-load"],
    },
    hasConfig: true,
    reloads: 1,
    reloadsByReason: { "first-load": 1 },
    spacedReload: undefined,
    trouble: undefined,
    routes: [],
    leaving: 0,
    notices: [],
    ...given,
  };
}
