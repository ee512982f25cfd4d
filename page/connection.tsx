/// <reference lib="dom" />
import type { LiveMessageName, LiveMessages } from "../lib/core/status/live_messages.ts";

/** How the page stands with signalbox. */
export type ConnectionState =
  | { readonly kind: "connecting" | "live" | "paused" }
  /** It says nothing any more; what is shown is from before. */
  | { readonly kind: "cut"; readonly since: Date };

/** Takes a message. */
export type Hear = <Name extends LiveMessageName>(name: Name, data: LiveMessages[Name]) => void;

const NAMES: readonly LiveMessageName[] = [
  "first",
  "picture",
  "change",
  "facts",
  "haproxy",
  "loads",
  "told",
  "gap",
  "beat",
];
/** signalbox says something each five seconds. */
const SILENCE_MS = 12_000;
const AGAIN_MS = 2_000;

/** Follows signalbox as long as somebody can see the page, and comes back after a cut with the last event that it knows. */
export class Connection {
  state: ConnectionState = { kind: "connecting" };
  #source: EventSource | undefined;
  #lastId = "";
  #silence: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly hear: Hear, readonly onState: () => void) {
    document.addEventListener("visibilitychange", () => this.#look());
    addEventListener("online", () => this.#open());
    this.#look();
  }

  /** Nobody asks HAProxy for a page that nobody sees. */
  #look(): void {
    if (document.visibilityState === "visible") {
      if (this.#source === undefined) this.#open();
      return;
    }
    this.#close();
    this.#be({ kind: "paused" });
  }

  #open(): void {
    this.#close();
    const source = this.#source = new EventSource(
      `live${this.#lastId === "" ? "" : `?after=${this.#lastId}`}`,
    );
    for (const name of NAMES) {
      source.addEventListener(name, (message: MessageEvent<string>) => this.#take(name, message));
    }
    source.addEventListener("error", () => {
      this.#cut();
      // An answer that is no stream, such as "too many look already", is final for the browser.
      if (source.readyState === EventSource.CLOSED) this.#openLater();
    });
    this.#expect();
  }

  #take(name: LiveMessageName, { data, lastEventId }: MessageEvent<string>): void {
    if (lastEventId !== "") this.#lastId = lastEventId;
    this.#expect();
    this.hear(name, JSON.parse(data));
    if (this.state.kind !== "live") this.#be({ kind: "live" });
  }

  #expect(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#cut();
      this.#open();
    }, SILENCE_MS);
  }

  #openLater(): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#open(), AGAIN_MS);
  }

  #close(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = undefined;
  }

  #cut(): void {
    if (this.state.kind !== "cut") this.#be({ kind: "cut", since: new Date() });
  }

  #be(state: ConnectionState): void {
    this.state = state;
    this.onState();
  }
}
