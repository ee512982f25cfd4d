import type { SourceStatus } from "../../core/status/source_status.ts";
import type { Clock, Wake } from "../../ports.ts";
import type { EngineHost } from "../api/transport.ts";
import type { EngineFollower } from "./engine_follower.ts";
import type { SwarmLink } from "./swarm_link.ts";

/** An engine that is followed, and its part in a Swarm. */
export type FollowedEngine = { readonly follower: EngineFollower; readonly link?: SwarmLink };

/** What engines are followed with. */
export type EngineParts = {
  /** The engines at first. */
  readonly hosts: readonly EngineHost[];
  /** Makes what follows an engine; `host` answers how TLS is spoken to it now. */
  readonly open: (url: string, host: () => EngineHost) => FollowedEngine;
  readonly clock: Clock;
};

/**
 * How long the last word of engines waits for the first word of those that came with them, in milliseconds: nobody knows yet
 * what these have.
 */
const FIRST_WORD_MS = 5_000;

type Entry = FollowedEngine & { host: EngineHost; readonly ending: AbortController };

/** The engines that are followed now: some may come and others go. */
export class FollowedEngines {
  /** Those that are to be followed. */
  #entries: readonly Entry[] = [];
  /** Those that are to go, and stay until the others that came with them were heard. */
  #going: readonly Entry[] = [];
  #isWaiting = false;
  #begin: (entry: Entry) => void = () => undefined;
  #wake: (wake: Wake) => void = () => undefined;
  #cancel = () => {};

  constructor(readonly parts: EngineParts) {
    this.#entries = parts.hosts.map((host) => this.#open(host));
  }

  /** What follows each of them. */
  get all(): readonly FollowedEngine[] {
    return this.#going.length === 0 ? this.#entries : [...this.#entries, ...this.#going];
  }

  /** The followers alone. */
  get followers(): readonly EngineFollower[] {
    return this.all.map(({ follower }) => follower);
  }

  /** Their parts in Swarms. */
  get links(): readonly SwarmLink[] {
    return this.all.flatMap(({ link }) => link ?? []);
  }

  /** How each stands, for status. */
  describe(): readonly SourceStatus[] {
    return this.#entries.map(({ follower }) => follower.describe());
  }

  /** Which of them have said nothing yet and are waited for. */
  get unheard(): readonly string[] {
    if (!this.#isWaiting) return [];
    return this.#entries.filter(({ follower }) => !follower.isHeard).map(({ host: { url } }) => url);
  }

  /** Follows each as long as it is to be followed, until the signal. */
  async follow(
    begin: (engine: FollowedEngine, signal: AbortSignal) => Promise<unknown>,
    wake: (wake: Wake) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const following = new Set<Promise<unknown>>();
    this.#wake = wake;
    this.#begin = (entry) => {
      const work: Promise<unknown> = begin(entry, AbortSignal.any([signal, entry.ending.signal])).finally(
        () => following.delete(work),
      );
      following.add(work);
    };
    this.#wait();
    for (const entry of this.#entries) this.#begin(entry);
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    this.#cancel();
    await Promise.all(following);
  }

  /** Follows these engines from now on, and no others. */
  change(hosts: readonly EngineHost[]): void {
    const before = new Map([...this.#entries, ...this.#going].map((entry) => [entry.host.url, entry]));
    const after = hosts.map((host) => {
      const known = before.get(host.url);
      if (known !== undefined) known.host = host;
      return known ?? this.#open(host);
    });
    const isStaying = new Set(after);
    const going = [...before.values()].filter((entry) => !isStaying.has(entry));
    const coming = after.filter(({ host: { url } }) => !before.has(url));
    this.#entries = after;
    this.#going = going;
    if (coming.length > 0) this.#wait();
    for (const entry of coming) this.#begin(entry);
  }

  /** Lets those go that are to go, unless others are waited for; answers whether any went. */
  letGo(): boolean {
    if (this.#going.length === 0 || this.unheard.length > 0) return false;
    for (const { ending } of this.#going) ending.abort();
    this.#going = [];
    return true;
  }

  /** Waits for the first word of each. */
  #wait(): void {
    this.#isWaiting = true;
    this.#cancel();
    this.#cancel = this.parts.clock.after(FIRST_WORD_MS, () => {
      this.#isWaiting = false;
      this.#wake({ reason: "docker", ids: new Set() });
    });
  }

  #open(host: EngineHost): Entry {
    const entry: Entry = {
      ...this.parts.open(host.url, () => entry.host),
      host,
      ending: new AbortController(),
    };
    return entry;
  }
}
