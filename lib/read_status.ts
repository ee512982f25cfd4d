import type { Controller } from "./controller.ts";
import type { Model, Server } from "./core/model.ts";
import { formatEndpoint, type ServerName } from "./core/names.ts";
import type { ReportedServer } from "./core/survey.ts";
import type { ServerStatus, Status } from "./core/status.ts";
import { VERSION } from "./version.ts";

/** How a controller stands now, with what HAProxy itself reports of its servers. */
export async function readStatus(controller: Controller, startedAt: Date): Promise<Status> {
  const { applier, built, parts, readiness } = controller;
  const model = built?.model;
  const reported = new Map(
    (await parts.haproxy.reportServers().catch(() => [])).map((server) => [server.name, server]),
  );
  const waiting = new Map(
    (model === undefined ? [] : readiness.waiting(model)).map(({ server, why }) => [server, why]),
  );
  const { lastReload } = applier;
  const haproxy = await parts.haproxy.describe();
  return {
    version: VERSION,
    pid: Deno.pid,
    startedAt: startedAt.toISOString(),
    sources: parts.source.describe(),
    haproxy,
    lastReload: lastReload &&
      { at: lastReload.at.toISOString(), tookMs: lastReload.tookMs, reasons: lastReload.reasons },
    reloads: applier.reloads,
    trouble: controller.trouble,
    routes: model === undefined ? [] : readRoutes(
      model,
      (server) => readServer(server, waiting, (name) => troubleOf(haproxy.isServing, reported.get(name))),
    ),
    leaving: applier.leaving,
    notices: built?.notices ?? [],
  };
}

function readRoutes(model: Model, read: (server: Server) => ServerStatus): Status["routes"] {
  const servers = new Map(model.backends.map((backend) => [backend.name, backend.servers.map(read)]));
  return model.routes.map(({ host, path, backend }) => ({
    route: host + path,
    backend,
    servers: servers.get(backend) ?? [],
  }));
}

function readServer(
  server: Server,
  waiting: ReadonlyMap<string, string>,
  trouble: (name: ServerName) => string | undefined,
): ServerStatus {
  const why = waiting.get(server.name);
  const base = { container: server.containerName, address: formatEndpoint(server.address, server.port) };
  if (server.gate === "stopping") return { ...base, state: "draining", why };
  if (why !== undefined) return { ...base, state: "waiting", why };
  const what = trouble(server.name);
  return { ...base, state: what === undefined ? "ready" : "down", why: what };
}

/** Why a server that should have traffic has none. */
function troubleOf(isServing: boolean, reported: ReportedServer | undefined): string | undefined {
  if (!isServing) return "HAProxy does not serve";
  if (reported?.isReady === false) return "somebody else took it out";
  return reported?.isUp === false ? "its health check fails" : undefined;
}
