import type { Design } from "../core/config/design.ts";
import type { Capabilities } from "../core/plan/capabilities.ts";
import type { ContainerView, Snapshot } from "../core/snapshot/snapshot.ts";
import type { ContainerId } from "../core/values/names.ts";
import type { Clock, ContainerSource, Prober, Reporter, SourceListener, Wake } from "../ports.ts";
import { Controller } from "./controller.ts";
import { RehearsedHaproxy } from "./rehearsed_haproxy.ts";

/** How long nothing has happened before a rehearsal, and how long one of its passes may take, in milliseconds. */
const CALM_MS = 500;
const PASS_LIMIT_MS = 1_000;

/** What a rehearsal is made of. */
export type RehearsalParts = {
  /** A container that is served; `undefined` where there is none yet. */
  readonly example: () => ContainerView | undefined;
  /** A design of its own: what the real one remembers stays as it is. */
  readonly design: () => Pick<Design, "build" | "render">;
  readonly capabilities: () => Capabilities;
  /** How often something happened so far. */
  readonly wakes: () => number;
  readonly clock: Clock;
};

/**
 * Plays the first change before it comes: functions are compiled when they are first called, and a change of a container would
 * wait for that. A loop of its own takes a made-up replica out and in, once, when nothing happens after a start; it ends as soon
 * as something does. Its HAProxy has no process, its reporter tells nobody, and what it worked out is thrown away.
 */
export class Rehearsal {
  #isOver = false;
  #cancel: () => void = () => undefined;

  constructor(readonly parts: RehearsalParts, readonly signal: AbortSignal) {}

  /** A real pass has ended. */
  passed(): void {
    this.#cancel();
    if (this.#isOver || this.signal.aborted) return;
    const { example: find, wakes, clock } = this.parts;
    const before = wakes();
    this.#cancel = clock.after(CALM_MS, () => {
      const example = find();
      // A pass is under way, which will be heard of.
      if (example === undefined || wakes() !== before) return;
      this.#isOver = true;
      void this.play(example).catch(() => undefined);
    });
  }

  /** Plays it; answers with what its HAProxy was told, and how often it was loaded. */
  async play(example: ContainerView): Promise<Pick<RehearsedHaproxy, "told" | "loads">> {
    const { design, capabilities, wakes, clock } = this.parts;
    const before = wakes();
    const ending = new AbortController();
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const haproxy = new RehearsedHaproxy(capabilities());
    const stage = new Stage();
    const controller = new Controller({
      source: stage,
      haproxy,
      prober: READY,
      clock,
      report: SILENT,
      settle: { quietMs: 0, mostMs: 0 },
      design: design(),
    });
    controller.onPass = () => stage.onPass();
    const running = controller.run(signal);
    await stage.followed;
    const [first, second] = [copyOf(example, "1"), copyOf(example, "2")];
    const both = snapshotOf([first, second]);
    const steps: (() => void)[] = [
      () => stage.show(both, { reason: "docker", isFresh: true }),
      () => stage.end(second.id),
      () =>
        stage.show(snapshotOf([first]), { reason: "docker", ids: new Set([second.id]), since: clock.now() }),
      () => stage.show({ ...both, starting: new Set([second.id]) }, { reason: "docker", ids: new Set() }),
      () => stage.show(both, { reason: "docker", ids: new Set([second.id]), since: clock.now() }),
    ];
    for (const step of steps) {
      if (wakes() !== before || signal.aborted) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      stage.onPass = resolve;
      const cancel = clock.after(PASS_LIMIT_MS, resolve);
      step();
      await promise;
      cancel();
    }
    ending.abort();
    await running;
    return haproxy;
  }
}

/** A container like another, by another id. */
function copyOf(example: ContainerView, digit: string): ContainerView {
  const id = digit.repeat(64) as ContainerId;
  // Nobody asks a Swarm for it.
  const { taskId: _, task: __, ...view } = example;
  return { ...view, id, name: `rehearsal-${digit}` };
}

const snapshotOf = (containers: readonly ContainerView[]): Snapshot => ({
  containers,
  stopping: new Set(),
  starting: new Set(),
});

const SILENT: Reporter = {
  tell: () => undefined,
  debug: () => undefined,
  requests: () => undefined,
  notices: () => undefined,
};

const READY: Prober = { prove: () => Promise.resolve() };

/** A source that shows what it is told to. */
class Stage implements ContainerSource {
  onPass: () => void = () => undefined;
  /** Resolves once somebody listens. */
  readonly followed: Promise<void>;
  readonly #followed = Promise.withResolvers<void>();
  #snapshot = snapshotOf([]);
  #listener: SourceListener | undefined;

  constructor() {
    this.followed = this.#followed.promise;
  }

  follow(listener: SourceListener, signal: AbortSignal): Promise<void> {
    this.#listener = listener;
    this.#followed.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }

  describe(): readonly [] {
    return [];
  }

  observe(): Promise<Snapshot> {
    return Promise.resolve(this.#snapshot);
  }

  show(snapshot: Snapshot, wake: Wake): void {
    this.#snapshot = snapshot;
    this.#listener?.draining(snapshot.stopping, wake.since, new Set());
    this.#listener?.wake(wake);
  }

  /** A container is told to end. */
  end(id: ContainerId): void {
    this.show({ ...this.#snapshot, stopping: new Set([id]) }, { reason: "docker", ids: new Set() });
  }
}
