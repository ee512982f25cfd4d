import type { Engine } from "../api/connect.ts";

/** An engine that answers and sends events. Giving the connection up ends all reads from it. */
export type EngineConnection = {
  readonly engine: Engine;
  /** Aborts when the connection is given up, or signalbox ends. */
  readonly signal: AbortSignal;
  /** Gives the connection up. */
  readonly abort: (why: unknown) => void;
};
