import type { ProbeTarget } from "../../lib/ports.ts";

/** A container that listens on the loopback and is asked for a connection alone, but for what is given. */
export function target(given: Partial<ProbeTarget>): ProbeTarget {
  return {
    container: "web",
    hostname: "127.0.0.1",
    port: 80,
    via: "container",
    own: undefined,
    others: [],
    isCalm: false,
    elsewhere: undefined,
    questions: [],
    tlsName: undefined,
    lateMs: 1_000,
    ...given,
  };
}
