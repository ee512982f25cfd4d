import type { Desired, Files } from "./render.ts";
import type { ServerName } from "./names.ts";

/** Whether a server may have traffic: `maint` finishes what it has and gets nothing new. */
export type ServerState = "ready" | "maint";

/** The name of a backend section in the running config: a host's own, or a spare's. */
export type SectionName = string;

/** One change of the running HAProxy. */
export type Operation =
  /** Adds a server, in maintenance; the line is what stands after `server` in the file. */
  | {
    readonly kind: "add-server";
    readonly section: SectionName;
    readonly server: ServerName;
    readonly line: string;
  }
  | {
    readonly kind: "set-state";
    readonly section: SectionName;
    readonly server: ServerName;
    readonly state: ServerState;
  }
  | { readonly kind: "add-route"; readonly key: string; readonly section: SectionName }
  | { readonly kind: "set-route"; readonly key: string; readonly section: SectionName }
  | { readonly kind: "delete-route"; readonly key: string }
  /** Removes a server that is in maintenance; refused while connections hang on it, and asked again. */
  | { readonly kind: "delete-server"; readonly section: SectionName; readonly server: ServerName };

/** What is to change. `keep` writes files that differ in nothing that HAProxy would do otherwise: comments. */
export type Plan =
  | { readonly kind: "nothing" }
  | { readonly kind: "keep" }
  | { readonly kind: "runtime"; readonly operations: readonly Operation[] }
  | { readonly kind: "reload"; readonly reasons: readonly string[] };

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
  readonly canAddServers: boolean;
  readonly servers: Map<ServerName, RunningServer>;
};

/** What HAProxy has now: its files as they were loaded, and every command since. */
export type Running = {
  /** The files on disk. */
  files: Files;
  /** The text of the config beside its backends, as it was loaded. */
  readonly fixed: string;
  readonly sections: Map<SectionName, RunningSection>;
  /** hosts.map as HAProxy has it. */
  readonly routes: Map<string, SectionName>;
  /** Backends that are served by a spare, until the next reload gives them a section of their own. */
  readonly bindings: Map<string, SectionName>;
};

/** What the HAProxy found can do at run time (management guide; `add server` with checks from 2.6 on). */
export type Capabilities = {
  readonly canAddServers: boolean;
  /** It takes commands at all; one that others run does not, and gives traffic to every server of its files. */
  readonly canSetStates: boolean;
};

/** What HAProxy has once it has loaded the files, with servers in the states that it was told to begin with. */
export function runningAfterLoad(desired: Desired, states: ReadonlyMap<ServerName, ServerState>): Running {
  const sections = new Map<SectionName, RunningSection>();
  for (const [name, section] of desired.sections) {
    const servers = [...section.servers].map(([server, line]) =>
      [server, { line, state: states.get(server) ?? "ready", isLeaving: false }] as const
    );
    sections.set(name, { ...section, servers: new Map(servers) });
  }
  const { files, fixed } = desired;
  return { files, fixed, sections, routes: new Map(desired.routes), bindings: new Map() };
}

/** Decides how HAProxy gets from what it has to what is wanted. */
export function planChange(
  running: Running | undefined,
  desired: Desired,
  states: ReadonlyMap<ServerName, ServerState>,
  capabilities: Pick<Capabilities, "canAddServers">,
): Plan {
  if (running === undefined) return { kind: "reload", reasons: ["the first load by this signalbox"] };
  if (running.fixed !== desired.fixed) {
    return { kind: "reload", reasons: ["settings of the whole config differ"] };
  }
  const planner = new Planner(running, desired, states, capabilities);
  planner.plan();
  if (planner.reasons.length > 0) return { kind: "reload", reasons: planner.reasons };
  if (planner.operations.length > 0) return { kind: "runtime", operations: planner.operations };
  const isSame = [...desired.files].every(([name, text]) => running.files.get(name) === text);
  return { kind: isSame ? "nothing" : "keep" };
}

class Planner {
  readonly reasons: string[] = [];
  readonly #adds: Operation[] = [];
  readonly #readies: Operation[] = [];
  readonly #routes: Operation[] = [];
  readonly #maints: Operation[] = [];
  readonly #deletes: Operation[] = [];
  readonly #taken = new Set<SectionName>();

  constructor(
    readonly running: Running,
    readonly desired: Desired,
    readonly states: ReadonlyMap<ServerName, ServerState>,
    readonly capabilities: Pick<Capabilities, "canAddServers">,
  ) {}

  /** The new is there and ready before routes lead to it; the old leaves after they lead away from it. */
  get operations(): Operation[] {
    return [...this.#adds, ...this.#readies, ...this.#routes, ...this.#maints, ...this.#deletes];
  }

  plan(): void {
    const sectionOf = new Map<string, SectionName>();
    for (const name of this.running.bindings.values()) this.#taken.add(name);
    for (const [name, wanted] of this.desired.sections) {
      if (wanted.isSpare) continue;
      const section = this.#findSection(name, wanted.shape);
      if (section === undefined) {
        this.reasons.push(
          this.running.sections.has(name)
            ? `options of ${name} differ`
            : `${name} is new, and no spare backend fits`,
        );
        continue;
      }
      sectionOf.set(name, section);
      this.#planServers(section, wanted.servers);
    }
    this.#planRoutes(sectionOf);
    const wantedSections = new Set(sectionOf.values());
    for (const [name, section] of this.running.sections) {
      if (wantedSections.has(name)) continue;
      for (const [server, entry] of section.servers) this.#leave(name, server, entry);
    }
  }

  #findSection(name: string, shape: string): SectionName | undefined {
    const bound = this.running.bindings.get(name) ?? (this.running.sections.has(name) ? name : undefined);
    if (bound !== undefined) return this.running.sections.get(bound)?.shape === shape ? bound : undefined;
    for (const [spare, section] of this.running.sections) {
      const isFree = section.isSpare && section.servers.size === 0 && !this.#taken.has(spare);
      if (!isFree || section.shape !== shape || !section.canAddServers || !this.capabilities.canAddServers) {
        continue;
      }
      this.#taken.add(spare);
      return spare;
    }
    return undefined;
  }

  #planServers(name: SectionName, wanted: ReadonlyMap<ServerName, string>): void {
    const section = this.running.sections.get(name);
    if (section === undefined) return;
    for (const [server, line] of wanted) {
      const state = this.states.get(server) ?? "ready";
      const before = section.servers.get(server);
      if (before !== undefined && before.line !== line && !before.isLeaving) {
        this.reasons.push(`address or settings of ${server} differ`);
      } else if (before === undefined || before.line !== line) {
        this.#add(name, section, server, line, before);
        if (state === "ready") this.#readies.push({ kind: "set-state", section: name, server, state });
      } else if (before.state !== state) {
        const list = state === "ready" ? this.#readies : this.#maints;
        list.push({ kind: "set-state", section: name, server, state });
      } else if (before.isLeaving) {
        // It came back before it was deleted: saying its state again makes it ours again.
        this.#maints.push({ kind: "set-state", section: name, server, state });
      }
    }
    for (const [server, entry] of section.servers) {
      if (!wanted.has(server)) this.#leave(name, server, entry);
    }
  }

  #add(
    name: SectionName,
    section: RunningSection,
    server: ServerName,
    line: string,
    before: RunningServer | undefined,
  ): void {
    if (!section.canAddServers || !this.capabilities.canAddServers) {
      this.reasons.push(`${server} is new, and HAProxy cannot add it to ${name} while it runs`);
      return;
    }
    // Never re-address a live server: one that has left under this name makes room first.
    if (before !== undefined) this.#adds.push({ kind: "delete-server", section: name, server });
    this.#adds.push({ kind: "add-server", section: name, server, line });
  }

  #leave(section: SectionName, server: ServerName, entry: RunningServer): void {
    if (!this.capabilities.canAddServers) {
      this.reasons.push(`${server} is gone`);
      return;
    }
    if (entry.state !== "maint") this.#maints.push({ kind: "set-state", section, server, state: "maint" });
    this.#deletes.push({ kind: "delete-server", section, server });
  }

  #planRoutes(sectionOf: ReadonlyMap<string, SectionName>): void {
    for (const [key, backend] of this.desired.routes) {
      const section = sectionOf.get(backend);
      const before = this.running.routes.get(key);
      if (section === undefined || before === section) continue;
      this.#routes.push({ kind: before === undefined ? "add-route" : "set-route", key, section });
    }
    for (const key of this.running.routes.keys()) {
      if (!this.desired.routes.has(key)) this.#routes.push({ kind: "delete-route", key });
    }
  }
}

/** Notes that HAProxy did an operation; `isDone` is false where a server that is to go still has connections. */
export function noteOperation(running: Running, operation: Operation, isDone: boolean): void {
  const section = "section" in operation ? running.sections.get(operation.section) : undefined;
  switch (operation.kind) {
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

/** Notes which spares serve which backends, from the routes that lead to them. */
export function noteBindings(running: Running, desired: Desired): void {
  running.bindings.clear();
  for (const [key, backend] of desired.routes) {
    const section = running.routes.get(key);
    if (section !== undefined && section !== backend) running.bindings.set(backend, section);
  }
}

/** How many servers were told to go and wait for their last connections. */
export function countLeaving(running: Running): number {
  let count = 0;
  for (const section of running.sections.values()) {
    for (const server of section.servers.values()) if (server.isLeaving) count++;
  }
  return count;
}
