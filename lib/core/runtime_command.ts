import type { Operation } from "./plan.ts";

/** The line that is sent to HAProxy's socket for an operation (management guide, section 9.3). */
export function runtimeCommand(operation: Operation): string {
  return `set server ${operation.server} state ${operation.state}`;
}

/** Whether HAProxy did it; every reply that is not known to be good means that it did not. */
export function isSuccess(operation: Operation, reply: string): boolean {
  switch (operation.kind) {
    case "state":
      return reply.trim() === "";
  }
}
