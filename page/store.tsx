/// <reference lib="dom" />
import { useEffect, useState } from "preact/hooks";
import { emptyLiveState, hear, type LiveState } from "../lib/core/status/live_state.ts";
import { Connection, type ConnectionState } from "./connection.tsx";

/** How many looks at HAProxy's counters charts go back. */
const MOST_POINTS = 60;

/** What the page knows, and when that changes. */
export class Store {
  readonly live: LiveState = emptyLiveState();
  /** Requests a second at the last looks, by backend; of all clients under the empty name. */
  readonly history = new Map<string, number[]>();
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #isDue = false;

  constructor() {
    this.#connection = new Connection((name, data) => {
      hear(this.live, name, data);
      if (name === "loads") this.#remember();
      this.#change();
    }, () => this.#change());
  }

  get connection(): ConnectionState {
    return this.#connection?.state ?? { kind: "connecting" };
  }

  /** Calls back after changes, once a frame, until what it returns is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #change(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#listeners.forEach((listener) => listener());
    });
  }

  #remember(): void {
    const { loads } = this.live;
    if (!loads) return;
    const note = (name: string, value: number) => {
      const points = this.history.get(name) ?? [];
      points.push(value);
      if (points.length > MOST_POINTS) points.shift();
      this.history.set(name, points);
    };
    note("", loads.clients[0]);
    for (const [name, [load]] of Object.entries(loads.backends)) note(name, load[0]);
    for (const name of this.history.keys()) {
      if (name !== "" && loads.backends[name] === undefined) this.history.delete(name);
    }
  }
}

/** Draws a component again whenever the store changes. */
export function useStore(store: Store): void {
  const [, draw] = useState(0);
  useEffect(() => store.follow(() => draw((count) => count + 1)), [store]);
}
