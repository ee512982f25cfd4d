import type { Capabilities } from "./capabilities.ts";
import type { ServerName } from "../values/names.ts";
import type { Desired } from "../config/render.ts";
import { endpointOf, isSameButWeight, weightOf } from "../runtime/server_line.ts";
import { type FreeSections, freeSections } from "./free_sections.ts";
import { type CertificateOperations, planCertificates } from "./plan_certificates.ts";
import { planTables, sectionsOfWaiting, type TableOperations } from "./plan_tables.ts";
import { type ReloadReason, resolversReasons, settingsReason, tcpReasons } from "./reload_reason.ts";
import { isForGood, whyNotAdded } from "./static_servers.ts";
import type { Section } from "../config/section.ts";
import { type Running, type RunningSection, type RunningServer } from "../state/running.ts";
import type { Operation, SectionName, ServerState } from "../runtime/operation.ts";

/** What is to change. `keep` writes files that differ in nothing that HAProxy would do otherwise: comments. */
export type Plan =
  | { readonly kind: "nothing" }
  | { readonly kind: "keep" }
  | { readonly kind: "runtime"; readonly operations: readonly Operation[] }
  | ({ readonly kind: "reload" } & NeedsReload)
  /** HAProxy refused these files before, and would again: only what needs no reload is done. */
  | ({ readonly kind: "blocked" } & NeedsReload);

type NeedsReload = {
  readonly reasons: readonly ReloadReason[];
  /** What can be done at run time until then, or where the reload is refused: it concerns what needs none. */
  readonly meanwhile: readonly Operation[];
};

/** Decides how HAProxy gets from what it has to what is wanted. */
export function planChange(
  running: Running,
  desired: Desired,
  states: ReadonlyMap<ServerName, ServerState>,
  capabilities: Pick<Capabilities, "canAddServers" | "canAddBackends">,
): Plan {
  const planner = new Planner(running, desired, states, capabilities);
  if (running.fixed !== desired.fixed) planner.reasons.push(settingsReason(running.fixed, desired.fixed));
  planner.reasons.push(...tcpReasons(running.tcp, desired.tcp));
  planner.reasons.push(...resolversReasons(running.resolvers, desired.resolvers));
  planner.plan();
  if (planner.reasons.length > 0) {
    return { kind: "reload", reasons: planner.reasons, meanwhile: planner.operations };
  }
  if (planner.operations.length > 0) return { kind: "runtime", operations: planner.operations };
  const isSame = [...desired.files].every(([name, text]) => running.files.get(name) === text);
  return { kind: isSame ? "nothing" : "keep" };
}

class Planner {
  readonly reasons: ReloadReason[] = [];
  readonly #adds: Operation[] = [];
  /** Weights that rise go before those that fall: else HAProxy passes over the latter for a hundred requests (2.6 to 3.4). */
  readonly #raises: Operation[] = [];
  readonly #lowers: Operation[] = [];
  readonly #readies: Operation[] = [];
  readonly #certificates: CertificateOperations;
  #tables: TableOperations = { early: [], routes: [], late: [] };
  readonly #maints: Operation[] = [];
  readonly #deletes: Operation[] = [];
  readonly #taken = new Set<SectionName>();
  #free: FreeSections | undefined;
  /** Backends that are added, with their servers. */
  readonly #made = new Set<SectionName>();

  constructor(
    readonly running: Running,
    readonly desired: Desired,
    readonly states: ReadonlyMap<ServerName, ServerState>,
    readonly capabilities: Pick<Capabilities, "canAddServers" | "canAddBackends">,
  ) {
    this.#certificates = planCertificates(running, desired);
    this.reasons.push(...this.#certificates.reasons);
  }

  /** The new is there and ready before routes lead to it; the old leaves after they lead away from it. */
  get operations(): Operation[] {
    return [
      ...this.#certificates.early,
      ...this.#adds,
      ...this.#raises,
      ...this.#lowers,
      ...this.#tables.early,
      ...this.#readies,
      ...this.#tables.routes,
      ...this.#maints,
      ...this.#tables.late,
      ...this.#deletes,
      ...this.#certificates.late,
    ];
  }

  plan(): void {
    const sectionOf = new Map<string, SectionName>();
    /** Sections that a reload has to change serve as they are until then. */
    const kept = new Set<SectionName>();
    let isWaiting = false;
    let isMoved = false;
    for (const name of this.running.bindings.values()) this.#taken.add(name);
    for (const [name, wanted] of this.desired.sections) {
      if (wanted.isSpare) continue;
      const section = this.#findSection(name, wanted) ?? this.#addBackend(name, wanted);
      if (section === undefined) {
        isWaiting = true;
        const before = this.#boundSection(name);
        this.reasons.push({ kind: before === undefined ? "no-spare" : "options", section: name });
        if (before !== undefined) {
          kept.add(before);
          this.#planStates(before, wanted.servers);
        }
        continue;
      }
      const added = this.#adds.length;
      const hasServers = this.#planServers(section, wanted.servers);
      const isJoined = this.#adds.length > added;
      // A server that was added may have no cookie yet.
      if (isJoined && wanted.isSticky) this.#adds.push({ kind: "renew-cookies", section });
      // No route is led to where a reload has to bring the first server.
      if (hasServers) {
        sectionOf.set(name, section);
        isMoved ||= section !== name;
      } else {
        isWaiting = true;
        kept.add(section);
      }
    }
    const areAtHome = !isWaiting && !isMoved;
    this.#tables = planTables(this.running, this.desired, sectionOf, areAtHome);
    // Nor does one lose its servers whose routes wait to be led to what only a reload brings.
    if (isWaiting) {
      for (const name of sectionsOfWaiting(this.running, this.desired, sectionOf)) kept.add(name);
    }
    const wantedSections = isMoved ? new Set(sectionOf.values()) : sectionOf;
    for (const [name, section] of this.running.sections) {
      if (wantedSections.has(name) || kept.has(name)) continue;
      for (const [server, entry] of section.servers) this.#leave(name, server, entry);
      if (!this.capabilities.canAddBackends || section.isSpare) continue;
      if ([...section.servers.values()].some(isForGood)) continue;
      if (section.isPublished) this.#deletes.push({ kind: "unpublish-backend", section: name });
      this.#deletes.push({ kind: "delete-backend", section: name });
    }
  }

  /** Makes a backend where HAProxy can and no spare is needed; answers with its name. */
  #addBackend(name: string, wanted: Section): SectionName | undefined {
    const defaults = this.running.defaults.get(wanted.shape);
    if (!this.capabilities.canAddBackends || defaults === undefined || this.running.sections.has(name)) {
      return undefined;
    }
    const at = this.#adds.length;
    let hasServers = false;
    for (const { name: server, line } of wanted.servers) {
      if (!this.#addServer(name, server, line)) continue;
      hasServers = true;
      const state = this.states.get(server) ?? "ready";
      if (state === "ready") this.#readies.push({ kind: "set-state", section: name, server, state });
    }
    if (!hasServers) return name;
    this.#made.add(name);
    this.#adds.splice(at, 0, { kind: "add-backend", section: name, defaults });
    this.#readies.push({ kind: "publish-backend", section: name });
    return name;
  }

  /** The section that serves a backend, or can from now on: its own, a spare, or one whose host has gone. */
  #findSection(name: string, { shape, servers }: Section): SectionName | undefined {
    const bound = this.#boundSection(name);
    const section = this.running.sections.get(bound ?? "");
    if (section?.shape === shape) return bound;
    // A server that stays keeps what its checks found. Where none does, as after a redeployment, others may begin elsewhere.
    if (servers.some((server) => section?.servers.has(server.name))) return undefined;
    if (!this.#taken.has(name) && this.running.sections.get(name)?.shape === shape) return name;
    this.#free ??= freeSections(this.running, this.desired, this.#taken, this.capabilities);
    const found = this.#free.get(shape)?.pop();
    if (found !== undefined) this.#taken.add(found);
    return found;
  }

  /** The section that serves a backend now: a spare, or its own where no other backend has that. */
  #boundSection(name: string): SectionName | undefined {
    const bound = this.running.bindings.get(name) ?? (this.#taken.has(name) ? undefined : name);
    return bound !== undefined && this.running.sections.has(bound) ? bound : undefined;
  }

  /** Servers of a section that a reload has to change are given and denied traffic all the same, where they stand in it. */
  #planStates(name: SectionName, wanted: Section["servers"]): void {
    const servers = this.running.sections.get(name)?.servers ?? new Map<ServerName, RunningServer>();
    const staying = wanted.filter(({ name, line }) => isSameButWeight(servers.get(name)?.line ?? "", line));
    for (const { name: server } of staying) {
      const state = this.states.get(server) ?? "ready";
      if (servers.get(server)?.state === state) continue;
      const list = state === "ready" ? this.#readies : this.#maints;
      list.push({ kind: "set-state", section: name, server, state });
    }
    const isServed = staying.some(({ name }) => (this.states.get(name) ?? "ready") === "ready");
    const names = new Set(wanted.map(({ name }) => name));
    for (const [server, { state }] of isServed ? servers : []) {
      if (names.has(server) || state === "maint") continue;
      this.#maints.push({ kind: "set-state", section: name, server, state: "maint" });
    }
  }

  /** Answers whether the section has one of the servers, or is given one. */
  #planServers(name: SectionName, wanted: Section["servers"]): boolean {
    const section = this.running.sections.get(name);
    if (section === undefined) return this.#made.has(name);
    let hasServers = false;
    let known = 0;
    // Its host came back before it was deleted.
    if (!section.isPublished) this.#readies.push({ kind: "publish-backend", section: name });
    for (const { name: server, line } of wanted) {
      const state = this.states.get(server) ?? "ready";
      const before = this.#reweigh(name, section, server, line);
      if (before !== undefined) {
        hasServers = true;
        known++;
      }
      if (before !== undefined && before.state !== "maint" && before.line !== line && !before.isLeaving) {
        this.reasons.push({ kind: "live-server", server });
        // While the reload waits, another container may have the old address: the server gets no traffic, so that it can be replaced.
        if (endpointOf(before.line) !== endpointOf(line)) {
          this.#maints.push({ kind: "set-state", section: name, server, state: "maint" });
        }
      } else if (before === undefined || before.line !== line) {
        const isAdded = this.#add(name, section, server, line, before);
        hasServers ||= isAdded;
        if (isAdded && state === "ready") {
          this.#readies.push({ kind: "set-state", section: name, server, state });
        }
      } else if (before.state !== state) {
        const list = state === "ready" ? this.#readies : this.#maints;
        list.push({ kind: "set-state", section: name, server, state });
      } else if (before.isLeaving) {
        // It came back before it was deleted: saying its state again makes it ours again.
        this.#maints.push({ kind: "set-state", section: name, server, state });
      }
    }
    // Most have no other.
    if (known === section.servers.size) return hasServers;
    const names = new Set(wanted.map(({ name }) => name));
    for (const [server, entry] of section.servers) {
      if (!names.has(server)) this.#leave(name, server, entry);
    }
    return hasServers;
  }

  /** Gives a server another weight, if its line says another and HAProxy can; answers with the server as it is then. */
  #reweigh(
    name: SectionName,
    section: RunningSection,
    server: ServerName,
    line: string,
  ): RunningServer | undefined {
    const before = section.servers.get(server);
    if (before === undefined || before.line === line || !isSameButWeight(before.line, line)) return before;
    // A static balance takes no other weight (management guide, `set server`); what a line that names none means, only
    // a start tells.
    if (!section.isDynamic || weightOf(line) === undefined) return before;
    const isRaised = (weightOf(line) ?? 0) > (weightOf(before.line) ?? 0);
    (isRaised ? this.#raises : this.#lowers).push({ kind: "set-weight", section: name, server, line });
    return { ...before, line };
  }

  #add(
    name: SectionName,
    section: RunningSection,
    server: ServerName,
    line: string,
    before: RunningServer | undefined,
  ): boolean {
    if (!section.isDynamic || !this.capabilities.canAddServers) {
      this.reasons.push({ kind: "cannot-add", server, section: name });
      return false;
    }
    return this.#addServer(name, server, line, before !== undefined);
  }

  /** Adds a server, in place of one under its name if there is one; answers whether that can be done. */
  #addServer(section: SectionName, server: ServerName, line: string, isReplaced = false): boolean {
    const why = whyNotAdded(this.running, section, server, line);
    if (why !== undefined) {
      this.reasons.push(why);
      return false;
    }
    // Never re-address a live server: one that has left, or has no traffic, makes room first.
    if (isReplaced) this.#adds.push({ kind: "delete-server", section, server });
    this.#adds.push({ kind: "add-server", section, server, line });
    return true;
  }

  #leave(section: SectionName, server: ServerName, entry: RunningServer): void {
    if (entry.state !== "maint") this.#maints.push({ kind: "set-state", section, server, state: "maint" });
    // It stays as it is until the next load, and gets nothing.
    if (isForGood(entry)) return;
    if (!this.capabilities.canAddServers) {
      this.reasons.push({ kind: "cannot-delete", server });
      return;
    }
    this.#deletes.push({ kind: "delete-server", section, server });
  }
}
