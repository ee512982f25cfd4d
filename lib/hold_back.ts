import { tenths } from "./core/milliseconds.ts";
import type { Backend } from "./core/model.ts";
import type { ContainerId } from "./core/names.ts";
import type { Desired } from "./core/render.ts";
import { noteOperation, type Running } from "./core/running.ts";
import { type Operation, runtimeCommands } from "./core/runtime_command.ts";
import type { Clock, HaproxyControl, Reporter } from "./ports.ts";

/** How long HAProxy is waited for, in milliseconds. */
const PATIENCE_MS = 50;

/** What a HoldBack is made of. */
export type HoldBackParts = {
  readonly haproxy: HaproxyControl;
  readonly clock: Clock;
  readonly report: Reporter;
};

/**
 * Takes servers out whose container was told to stop, ahead of any pass: the worker that serves hears of it now, and the
 * pass that follows says it again where that is needed.
 */
export class HoldBack {
  /** Resolves when HAProxy has heard of all that was taken out so far, or has been waited for long enough. */
  done: Promise<unknown> = Promise.resolve();
  #count = 0;
  #underWay = 0;

  constructor(readonly parts: HoldBackParts, readonly onFailure: (reason: string) => void) {}

  /** Takes out the servers of these containers that have traffic, and notes it; `since` is when that was asked for. */
  take(running: Running, stopping: ReadonlySet<ContainerId>, wanted: Desired, since?: number): void {
    if (stopping.size === 0) return;
    const operations: Operation[] = [];
    for (const backend of wanted.model.backends) {
      const section = running.bindings.get(backend.name) ?? backend.name;
      // Its last server is left to the pass, which leads the host to whoever else serves it, and then takes it out.
      if (wanted.model.contested.has(backend.name) && !hasOther(running, section, stopping, backend)) {
        continue;
      }
      for (const { name: server, containerId } of backend.servers) {
        if (!stopping.has(containerId)) continue;
        const isReady = running.sections.get(section)?.servers.get(server)?.state === "ready";
        if (isReady) operations.push({ kind: "set-state", section, server, state: "maint" });
      }
    }
    if (operations.length === 0) return;
    for (const operation of operations) noteOperation(running, operation, true);
    this.#count++;
    this.#underWay++;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.parts.clock.after(PATIENCE_MS, resolve);
    const sent = this.#send(operations, since).finally(() => {
      this.#underWay--;
      cancel();
    });
    this.done = Promise.race([Promise.all([this.done, sent]), late]);
  }

  /** Begins to watch whether servers are taken out; answers with the question whether none were since. */
  watch(): () => boolean {
    const [count, underWay] = [this.#count, this.#underWay];
    return () => underWay === 0 && count === this.#count;
  }

  async #send(operations: readonly Operation[], since: number | undefined): Promise<void> {
    const { clock, report, haproxy } = this.parts;
    const startedAt = since ?? clock.now();
    try {
      await haproxy.send(operations.flatMap(runtimeCommands));
      report.info("took servers out whose containers stop or may have moved", {
        servers: operations.map((each) => "server" in each && each.server),
        sinceEventMs: tenths(clock.now() - startedAt),
      });
    } catch (error) {
      report.debug(`cannot hold servers back: ${error}`);
      this.onFailure("HAProxy did not hear that servers are to leave");
    }
  }
}

/** Whether a container that is not told to stop has traffic. */
function hasOther(
  running: Running,
  section: string,
  stopping: ReadonlySet<ContainerId>,
  { servers }: Backend,
): boolean {
  const states = running.sections.get(section)?.servers;
  return servers.some(({ name, containerId }) =>
    !stopping.has(containerId) && states?.get(name)?.state === "ready"
  );
}
