import { tenths } from "../core/values/milliseconds.ts";
import type { Backend, Claimant, Server } from "../core/model/model.ts";
import type { BackendName, ContainerId, ServerName } from "../core/values/names.ts";
import type { Desired } from "../core/config/render.ts";
import { ledTo, targetOf } from "../core/runtime/route_value.ts";
import { HOSTS_MAP } from "../core/values/table.ts";
import { routesOf, type Running } from "../core/state/running.ts";
import { type Operation, runtimeCommands, type ServerState, takeReplies } from "../core/runtime/operation.ts";
import type { ReportedServer } from "../core/state/survey.ts";
import { changesOfServers } from "../core/status/served_changes.ts";
import type { Believed } from "./believed.ts";
import type { SavedFiles } from "./saved_files.ts";
import type { Clock, HaproxyControl, Reporter } from "../ports.ts";

const NONE: ReadonlySet<ContainerId> = new Set();

type States = ReadonlyMap<ServerName, ServerState>;

/** How long a pass waits for HAProxy to drain servers, in milliseconds. */
const REPLY_LIMIT_MS = 50;

/** What a Drain is made of. */
export type DrainParts = {
  readonly haproxy: HaproxyControl;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly believed: Believed;
  readonly saved: SavedFiles;
  /** Whether a pass waits for a reload. */
  readonly isLoading: () => boolean;
  /** Hears of a failure that only a reload corrects. */
  readonly diverged: (detail: string) => void;
};

/**
 * Drains the servers of containers that end, or whose address is in doubt. The source tells which these are, and the
 * commands go to HAProxy ahead of any pass: each millisecond may cost a request. Until the source says otherwise, no other
 * command gives these servers traffic. One whose container asks for it keeps its sticky clients for a time.
 */
export class Drain {
  /** Resolves when HAProxy has answered every drain so far, or after a limit. */
  done: Promise<unknown> = Promise.resolve();
  #ids: ReadonlySet<ContainerId> = new Set();
  /** Those of them that may keep their sticky clients for a time, and since when. */
  #living: ReadonlyMap<ContainerId, number> = new Map();
  #wanted: Desired | undefined;
  /** Where in the wanted state the servers of each container are; worked out when it is first needed. */
  #places: Map<ContainerId, number[]> | undefined;
  /** The servers that were drained while what HAProxy has was unknown, by name. */
  readonly #unknown = new Map<ServerName, ReportedServer>();

  constructor(readonly parts: DrainParts) {}

  /** These are the containers to drain from now on, as SourceListener's `draining` tells it. */
  tell(ids: ReadonlySet<ContainerId>, since?: number, living: ReadonlySet<ContainerId> = NONE): void {
    const now = since ?? this.parts.clock.now();
    this.#ids = ids;
    this.#living = new Map([...living].map((id) => [id, this.#living.get(id) ?? now]));
    this.#drain(this.parts.isLoading(), since);
  }

  /** Takes the desired state, which says whose each server is. */
  want(desired: Desired): void {
    this.#wanted = desired;
    this.#places = undefined;
  }

  /** A reload is about to begin: drains that were left to this pass cannot wait until it is done. */
  beforeLoad(): void {
    this.#drain(true);
  }

  /** The states, with those of servers that are drained; none where HAProxy takes no commands. */
  filter(states: States, { model }: Desired): States {
    if (!this.parts.haproxy.capabilities.canSetStates) return new Map();
    if (this.#ids.size === 0) return states;
    const drained = model.backends.flatMap(({ servers }) =>
      servers.filter(({ containerId }) => this.#ids.has(containerId)).map((server) =>
        [server.name, this.#stateOf(server)] as const
      )
    );
    return new Map([...states, ...drained]);
  }

  /** In how many milliseconds the next server loses its sticky clients; `undefined` where none has any to lose. */
  endsInMs(): number | undefined {
    if (this.#living.size === 0 || this.#wanted === undefined) return undefined;
    const left = this.#wanted.model.backends.flatMap(({ servers }) =>
      servers.map((server) => this.#leftMs(server))
    );
    const next = left.filter((milliseconds) => milliseconds > 0);
    return next.length === 0 ? undefined : next.reduce((a, b) => Math.min(a, b));
  }

  #leftMs({ containerId, options }: Server): number {
    const since = this.#living.get(containerId);
    return since === undefined ? 0 : since + options.drain - this.parts.clock.now();
  }

  #stateOf(server: Server): ServerState {
    return this.#leftMs(server) > 0 ? "drain" : "maint";
  }

  /** `isBlocked` says that a pass waits for a reload. Where the running is unknown, HAProxy reports its servers first. */
  #drain(isBlocked: boolean, since = this.parts.clock.now()): void {
    const { haproxy, report, believed: { running }, saved, diverged } = this.parts;
    const wanted = this.#wanted;
    if (wanted === undefined || !haproxy.capabilities.canSetStates) return;
    // What HAProxy has is known again, with all that was drained.
    if (running !== undefined) this.#unknown.clear();
    if (this.#ids.size === 0) return;
    if (running === undefined) return this.#tell([], this.#sendUnknown(wanted, since));
    const operations = this.#plan(running, wanted, isBlocked);
    if (operations.length === 0) return;
    this.#tell(
      // Only states are noted. Rows are left to the plan, which reads from them which section serves a backend.
      operations.filter(({ kind }) => kind === "set-state"),
      this.#send(operations, since).catch((error) => {
        report.debug(`cannot hold servers back: ${error}`);
        diverged("HAProxy did not do what takes servers out");
      }),
    );
    saved.outdate();
  }

  #plan(running: Running, wanted: Desired, isBlocked: boolean): Operation[] {
    const stopping = this.#ids;
    const operations: Operation[] = [];
    for (const backend of this.#backendsOf(wanted, stopping)) {
      const section = sectionOf(running, backend.name);
      const states = running.sections.get(section)?.servers;
      const leaving = backend.servers.filter((server) => {
        const state = states?.get(server.name)?.state ?? "maint";
        return stopping.has(server.containerId) && state !== "maint" && state !== this.#stateOf(server);
      });
      if (leaving.length === 0) continue;
      if (!hasReady(running, stopping, backend)) {
        const handing = handOver(running, stopping, backend, wanted);
        // Where an heir is not ready, the pass makes it, leads the host there, and only then drains the server. A pass
        // that waits for a reload would be too late for that.
        if (!handing.isWhole && !isBlocked) continue;
        operations.push(...handing.operations);
      }
      for (const server of leaving) {
        operations.push({ kind: "set-state", section, server: server.name, state: this.#stateOf(server) });
      }
    }
    return operations;
  }

  /** The backends that have servers of these containers, in their order. Each event asks, and most name one of thousands. */
  #backendsOf(wanted: Desired, ids: ReadonlySet<ContainerId>): readonly Backend[] {
    const { backends } = wanted.model;
    if (this.#places === undefined) {
      this.#places = new Map();
      for (const [at, { servers }] of backends.entries()) {
        for (const { containerId } of servers) {
          const places = this.#places.get(containerId);
          if (places === undefined) this.#places.set(containerId, [at]);
          else if (places.at(-1) !== at) places.push(at);
        }
      }
    }
    const places = new Set([...ids].flatMap((id) => this.#places?.get(id) ?? []));
    return [...places].sort((a, b) => a - b).flatMap((at) => backends[at] ?? []);
  }

  /** The next pass waits for the answer to this, up to a limit. */
  #tell(operations: readonly Operation[], sending: Promise<void>): void {
    this.parts.believed.telling(operations, sending);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.parts.clock.after(REPLY_LIMIT_MS, resolve);
    const sent = sending.finally(cancel);
    this.done = Promise.race([Promise.all([this.done, sent]), late]);
  }

  /** Finds servers by name, whatever section they are in. If HAProxy does not answer, the load that follows drains them. */
  async #sendUnknown(wanted: Desired, since: number): Promise<void> {
    const servers = wanted.model.backends.flatMap((backend) => backend.servers);
    const names = new Set(servers.filter((each) => this.#ids.has(each.containerId)).map(({ name }) => name));
    try {
      const reported = await this.parts.haproxy.reportServers();
      const leaving = reported.filter(({ name, isReady }) => isReady && names.has(name));
      for (const server of leaving) this.#unknown.set(server.name, server);
      if (leaving.length > 0) await this.#send(leaving.map((server) => stateOf(server, "maint")), since);
    } catch (error) {
      this.parts.report.debug(`cannot hold servers back: ${error}`);
    }
  }

  /**
   * Makes drained servers ready again where what HAProxy has is still unknown, because it refused the load: those whose
   * container may have traffic again, at the same address.
   */
  async restore(states: States, wanted: Desired): Promise<void> {
    const servers = wanted.model.backends.flatMap((backend) => backend.servers);
    const back = servers.filter(({ name, containerId, address, port }) => {
      const before = this.#unknown.get(name);
      return before !== undefined && !this.#ids.has(containerId) && states.get(name) === "ready" &&
        before.address === address && before.port === port;
    }).flatMap(({ name }) => this.#unknown.get(name) ?? []);
    if (back.length === 0) return;
    await this.parts.haproxy.send(back.flatMap((server) => runtimeCommands(stateOf(server, "ready"))));
    for (const { name } of back) this.#unknown.delete(name);
    const names = back.map(({ name }) => name);
    const served = changesOfServers("ready", names, wanted.model);
    this.parts.report.tell({ kind: "restored", servers: names, served });
  }

  async #send(operations: readonly Operation[], since: number): Promise<void> {
    const { clock, report, haproxy } = this.parts;
    const replies = [...await haproxy.send(operations.flatMap(runtimeCommands))];
    for (const { reply, said } of takeReplies(operations, replies)) {
      if (reply === "diverged") throw new Error(said);
    }
    const doneAt = clock.now();
    const servers = operations.flatMap((each) => "server" in each ? [each.server] : []);
    const served = this.#wanted && changesOfServers("held", servers, this.#wanted.model);
    report.tell({
      kind: "drained",
      servers,
      ...served !== undefined && { served },
      sinceEventMs: tenths(doneAt - since),
    });
  }
}

const sectionOf = (running: Running, backend: BackendName): string =>
  running.bindings.get(backend) ?? backend;

/** Whether a backend has a server with traffic whose container was not told to stop. */
function hasReady(running: Running, stopping: ReadonlySet<ContainerId>, { name, servers }: Backend): boolean {
  const states = running.sections.get(sectionOf(running, name))?.servers;
  return servers.some(({ name, containerId }) =>
    !stopping.has(containerId) && states?.get(name)?.state === "ready"
  );
}

const stateOf = ({ section, name: server }: ReportedServer, state: ServerState) =>
  ({ kind: "set-state", section, server, state }) as const;

/**
 * Leads the routes of a backend without servers to their heirs; `isWhole` is false where an heir is not ready. Which of several
 * claims holds, the pass knows: of a container of the backend that stays, and of an heir's own that ends too.
 */
function handOver(
  running: Running,
  stopping: ReadonlySet<ContainerId>,
  { routes, servers }: Backend,
  { heirs, model }: Desired,
): { readonly operations: readonly Operation[]; readonly isWhole: boolean } {
  const operations: Operation[] = [];
  const isGone = servers.every(({ containerId }) => stopping.has(containerId));
  const isLeaving = (claimant: Claimant) => [...stopping].some((id) => claimant.endsWith(id));
  let isWhole = true;
  for (const { key } of routes) {
    const heir = heirs.get(key);
    if (heir === undefined || !routesOf(running).has(key)) continue;
    const mayTake = isGone && !isLeaving(model.heirs.get(key)?.claimant ?? "");
    const backend = mayTake ? model.backends.find(({ name }) => name === targetOf(heir)) : undefined;
    if (backend === undefined || !hasReady(running, stopping, backend)) {
      isWhole = false;
      continue;
    }
    const value = ledTo(heir, sectionOf(running, backend.name));
    operations.push({ kind: "set-row", table: HOSTS_MAP, key, value });
  }
  return { operations, isWhole };
}
