import type { Engine } from "../api/connect.ts";

/** An engine that answers and sends events. Whatever still reads from it ends when the connection is given up. */
export type EngineConnection = {
  readonly engine: Engine;
  /** Aborts when the connection is given up, or all of it ends. */
  readonly signal: AbortSignal;
  /** Gives the connection up. */
  readonly abort: (why: unknown) => void;
};
