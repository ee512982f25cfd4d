/** Follows a fake engine as the controller does. */
import { DockerSource } from "../../lib/docker/follow/docker_source.ts";
import { type FollowedEngine, FollowedEngines } from "../../lib/docker/follow/followed_engines.ts";
import { EngineFollower } from "../../lib/docker/follow/engine_follower.ts";
import type { Snapshot } from "../../lib/core/snapshot/snapshot.ts";
import type { FollowerParts } from "../../lib/docker/follow/follower_parts.ts";
import type { Clock, Reporter, SourceListener, Wake } from "../../lib/ports.ts";
import { systemClock } from "../../lib/clock.ts";
import { eventually } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";
import { type FakeEngine, impatientClock } from "./fake_engine.ts";

/** A follower of the engine that never waits. */
export const followerOf = (
  fake: FakeEngine,
  report: Reporter,
  isReachedDirectly = true,
  clock: Clock = impatientClock,
  untilGone: FollowerParts["untilGone"] = () => Promise.resolve(false),
  url = "unix:///fake",
): EngineFollower =>
  new EngineFollower({
    url,
    openTransport: () => Promise.resolve(fake.transport),
    findAddress: () => Promise.resolve(undefined),
    answers: () => Promise.resolve(false),
    untilGone,
    isReachedDirectly: () => isReachedDirectly,
    clock,
    chance: () => 0,
    report,
  });

/** Engines that are followed from the start to the end. */
export function enginesOf(engines: readonly FollowedEngine[]): FollowedEngines {
  const byUrl = new Map(engines.map((engine) => [engine.follower.parts.url, engine]));
  return new FollowedEngines({
    hosts: [...byUrl.keys()].map((url) => ({ url, tls: { isVerified: false, certPath: undefined } })),
    open(url) {
      const engine = byUrl.get(url);
      if (engine === undefined) throw new Error(`nothing follows ${url}`);
      return engine;
    },
    clock: systemClock,
  });
}

/** An engine that is followed, and a loop that looks again at each wake, as the controller does. */
export class Watch implements AsyncDisposable {
  readonly report = new Witness();
  snapshot: Snapshot | undefined;
  /** The containers that it was told are to be drained. */
  stopping: string[] = [];
  /** Those of them that were told to stop and have not ended. */
  living: string[] = [];
  /** How often it was said that a change is on its way. */
  expected = 0;
  readonly #ending = new AbortController();
  readonly #source: DockerSource;
  readonly #end: Promise<void>;
  #pass: Promise<unknown> = Promise.resolve();
  #aheadMs = 0;

  constructor(
    fake: FakeEngine,
    isReachedDirectly = true,
    untilGone?: FollowerParts["untilGone"],
    waiting: Clock = impatientClock,
  ) {
    const clock = { ...waiting, now: () => waiting.now() + this.#aheadMs };
    const follower = followerOf(fake, this.report, isReachedDirectly, clock, untilGone);
    this.#source = new DockerSource(enginesOf([{ follower }]));
    const { signal } = this.#ending;
    const wake = (wake: Wake) => {
      this.#pass = this.#pass.then(() => this.#source.observe(wake, signal)).then(
        (snapshot) => this.snapshot = snapshot,
        () => undefined,
      );
    };
    const draining: SourceListener["draining"] = (ids, _since, living) => {
      this.stopping = [...ids];
      this.living = [...living ?? []];
    };
    this.#end = this.#source.follow({ wake, draining, expect: () => this.expected++ }, signal);
  }

  get names(): string[] {
    return this.snapshot?.containers.map((container) => container.name) ?? [];
  }

  /** Puts the clock forward. */
  letPass(milliseconds: number): void {
    this.#aheadMs += milliseconds;
  }

  async sees(...names: readonly string[]): Promise<void> {
    await eventually(() => JSON.stringify(this.names) === JSON.stringify(names), {
      what: `containers ${names}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#end;
    await this.#pass;
  }
}

/** Says that a container which is being started was connected to a network, at the engine's time in milliseconds. */
export function tellConnected(fake: FakeEngine, id: string, at: number): void {
  const actor = { ID: "f".repeat(64), Attributes: { container: id, name: "bridge" } };
  fake.send(`${JSON.stringify({ Type: "network", Action: "connect", Actor: actor, timeNano: at * 1e6 })}\n`);
}
