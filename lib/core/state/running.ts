import type { ServerName } from "../values/names.ts";
import type { Desired, Files } from "../config/render.ts";
import type { Operation, SectionName, ServerState } from "../runtime/operation.ts";

/** A server as HAProxy has it. */
export type RunningServer = {
  readonly line: string;
  readonly state: ServerState;
  readonly isLeaving: boolean;
};

/** A backend section as HAProxy has it; `shape` is everything that no command can change. */
export type RunningSection = {
  readonly shape: string;
  readonly isSpare: boolean;
  readonly isDynamic: boolean;
  /** Routes may lead to it; one that is not waits for its end. */
  readonly isPublished: boolean;
  readonly servers: Map<ServerName, RunningServer>;
};

/** What HAProxy has now: its files as they were loaded, and every command since. */
export type Running = {
  /** The files on disk. */
  files: Files;
  /** The text of the config beside its backends, as it was loaded. */
  readonly fixed: string;
  /** The `defaults` sections that new backends of a shape are made from. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly sections: Map<SectionName, RunningSection>;
  /** hosts.map as HAProxy has it. */
  readonly routes: Map<string, SectionName>;
  /** Backends that are served by a spare, until the next reload gives them a section of their own. */
  readonly bindings: Map<string, SectionName>;
};

/** What HAProxy has once it has loaded the files, with servers in the states that it was told to begin with. */
export function runningAfterLoad(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): Running {
  const sections = new Map<SectionName, RunningSection>();
  for (const [name, section] of desired.sections) {
    const servers = section.servers.map(({ name, line }) =>
      [name, { line, state: states.get(name) ?? "ready", isLeaving: false }] as const
    );
    sections.set(name, { ...section, isPublished: true, servers: new Map(servers) });
  }
  const { files, fixed, defaults } = desired;
  return { files, fixed, defaults, sections, routes: new Map(desired.routes), bindings: new Map() };
}

/** Notes that HAProxy did an operation; `isDone` is false where what is to go still has connections. */
export function noteOperation(running: Running, operation: Operation, isDone: boolean): void {
  const section = "section" in operation ? running.sections.get(operation.section) : undefined;
  switch (operation.kind) {
    case "add-backend": {
      const shape = [...running.defaults].find(([, name]) => name === operation.defaults)?.[0] ?? "";
      const made = { shape, isSpare: false, isDynamic: true, isPublished: false, servers: new Map() };
      running.sections.set(operation.section, made);
      break;
    }
    case "publish-backend":
    case "unpublish-backend":
      if (section !== undefined) {
        const isPublished = operation.kind === "publish-backend";
        running.sections.set(operation.section, { ...section, isPublished });
      }
      break;
    case "delete-backend":
      if (isDone) running.sections.delete(operation.section);
      break;
    case "add-server":
      section?.servers.set(operation.server, { line: operation.line, state: "maint", isLeaving: false });
      break;
    case "set-state": {
      const server = section?.servers.get(operation.server);
      if (server !== undefined) {
        section?.servers.set(operation.server, { ...server, state: operation.state, isLeaving: false });
      }
      break;
    }
    case "set-weight": {
      const server = section?.servers.get(operation.server);
      if (server !== undefined) section?.servers.set(operation.server, { ...server, line: operation.line });
      break;
    }
    case "delete-server": {
      const server = section?.servers.get(operation.server);
      if (isDone) section?.servers.delete(operation.server);
      else if (server !== undefined) section?.servers.set(operation.server, { ...server, isLeaving: true });
      break;
    }
    case "add-route":
    case "set-route":
      running.routes.set(operation.key, operation.section);
      break;
    case "delete-route":
      running.routes.delete(operation.key);
      break;
  }
}

/** Notes which spares serve which backends, by the routes that were led to them, and which serve none any more. */
export function noteBindings(running: Running, desired: Desired, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.kind !== "add-route" && operation.kind !== "set-route") continue;
    const backend = desired.routes.get(operation.key);
    if (backend === undefined) continue;
    if (operation.section === backend) running.bindings.delete(backend);
    else running.bindings.set(backend, operation.section);
  }
  if (running.bindings.size === 0) return;
  const wanted = new Set<string>(desired.routes.values());
  for (const backend of running.bindings.keys()) if (!wanted.has(backend)) running.bindings.delete(backend);
}

/** Whether all that the operations do is to ask again for what was told to go, and still waits for its last connections. */
export function isOnlyWaiting(operations: readonly Operation[], running: Running | undefined): boolean {
  return operations.every((operation) => {
    const section = "section" in operation ? running?.sections.get(operation.section) : undefined;
    if (operation.kind === "delete-server") return section?.servers.get(operation.server)?.isLeaving === true;
    return operation.kind === "delete-backend" && section?.isPublished === false;
  });
}

/** How many servers and backends were told to go and wait for their last connections. */
export function countLeaving(running: Running | undefined): number {
  let count = 0;
  if (running === undefined) return count;
  for (const section of running.sections.values()) {
    if (!section.isPublished) count++;
    for (const server of section.servers.values()) if (server.isLeaving) count++;
  }
  return count;
}
