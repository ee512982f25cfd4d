import { emptyLiveState, hear as hearLive } from "../core/status/live_state.ts";
import type { Connection } from "../core/status/top/facts.ts";
import { paint } from "../core/status/top/line.ts";
import { topScreen } from "../core/status/top/screen.ts";
import { keysOf, press, type Scroll, type TopView } from "../core/status/top/view.ts";
import type { Clock } from "../ports.ts";
import { followLive } from "../report/live_client.ts";
import type { Screen } from "./screen.ts";

/** What is watched, and how. */
export type Watched = {
  readonly stateDir: string;
  readonly view: TopView;
  /** The shortest time between two drawings without a key. */
  readonly intervalMs: number;
  readonly hasColour: boolean;
  readonly clock: Clock;
};

/** How long after a cut top connects again, in milliseconds. */
const AGAIN_MS = 1_000;
const ENDS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** Shows the live picture on the screen until a key or a signal ends it; the terminal is as it was then, whatever happens. */
export async function watchTop(watched: Watched, open: () => Screen): Promise<string | undefined> {
  const ended = new AbortController();
  const end = () => ended.abort();
  for (const signal of ENDS) Deno.addSignalListener(signal, end);
  const screen = open();
  try {
    const session = new TopSession(watched, screen, ended);
    return await session.run();
  } finally {
    screen.close();
    for (const signal of ENDS) Deno.removeSignalListener(signal, end);
  }
}

class TopSession {
  #state = emptyLiveState();
  #view: TopView;
  #connection: Connection = { kind: "connecting" };
  #scroll: Scroll = { page: 0, end: 0 };
  #lastId: number | undefined;
  /** Cancels the drawing that is to come. */
  #coming: (() => void) | undefined;
  #drawnAt = -Infinity;
  #trouble: unknown;

  constructor(readonly watched: Watched, readonly screen: Screen, readonly ended: AbortController) {
    this.#view = watched.view;
  }

  /** Answers with why nothing could be shown at all; `undefined` where the user ended it. */
  async run(): Promise<string | undefined> {
    const { signal } = this.ended;
    this.screen.onChange(() => this.#draw());
    this.#draw();
    // Nobody may press a key ever.
    void this.#type();
    const why = await this.#follow(signal);
    this.#coming?.();
    if (this.#trouble !== undefined) throw this.#trouble;
    return why;
  }

  async #follow(signal: AbortSignal): Promise<string | undefined> {
    const { stateDir, clock } = this.watched;
    while (!signal.aborted) {
      const why = await followLive(stateDir, this.#lastId, (name, data, id) => {
        hearLive(this.#state, name, data);
        this.#lastId = id ?? this.#lastId;
        this.#connection = { kind: "live" };
        this.#drawSoon();
      }, { signal, clock });
      if (signal.aborted) return undefined;
      if (!this.#state.hasPicture) return `cannot look at the signalbox of ${stateDir}: ${why}`;
      if (this.#connection.kind !== "cut") {
        this.#connection = { kind: "cut", since: clock.date().toISOString().slice(11, 19) };
        this.#draw();
      }
      await clock.sleep(AGAIN_MS, signal);
    }
    return undefined;
  }

  async #type(): Promise<void> {
    for await (const text of this.screen.input()) {
      for (const key of keysOf(text)) {
        if (key === "ctrl-z") this.screen.suspend();
        const next = press(this.#view, key, this.#scroll);
        if (next === undefined) return this.ended.abort();
        this.#view = next;
      }
      this.#draw();
      if (this.ended.signal.aborted) return;
    }
  }

  #drawSoon(): void {
    const { clock, intervalMs } = this.watched;
    this.#coming ??= clock.after(Math.max(0, this.#drawnAt + intervalMs - clock.now()), () => this.#draw());
  }

  #draw(): void {
    this.#coming?.();
    this.#coming = undefined;
    const { clock, hasColour } = this.watched;
    this.#drawnAt = clock.now();
    const frame = topScreen(this.#state, this.#view, this.screen.size(), this.#connection);
    this.#scroll = frame.scroll;
    try {
      this.screen.draw(frame.lines.map((line) => paint(line, hasColour)));
    } catch (error) {
      // The terminal is gone.
      this.#trouble = error;
      this.ended.abort();
    }
  }
}
