import type { Operation } from "./plan.ts";

/** The map's name at run time: HAProxy knows it only as it stands in the config. */
const MAP = "hosts.map";

/** The lines that are sent to HAProxy's socket for an operation (management guide, section 9.3). */
export function runtimeCommands(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "add-server":
      // A server that was added has its check switched off. It runs from now on, in maintenance too, and changes
      // nothing there; a server that leaves maintenance is up until a check fails.
      return [
        `add server ${operation.section}/${operation.line}`,
        `enable health ${operation.section}/${operation.server}`,
      ];
    case "set-state":
      return [`set server ${operation.section}/${operation.server} state ${operation.state}`];
    case "delete-server":
      return [`del server ${operation.section}/${operation.server}`];
    case "add-route":
      return [`add map ${MAP} ${operation.key} ${operation.section}`];
    case "set-route":
      return [`set map ${MAP} ${operation.key} ${operation.section}`];
    case "delete-route":
      return [`del map ${MAP} ${operation.key}`];
  }
}

/** What a reply means: it was done, it must be asked again later, or HAProxy is not as we believed. */
export type Reply = "done" | "later" | "diverged";

/** Reads the replies to an operation's lines, strictly: what is not known to be good is a divergence. */
export function readReplies(operation: Operation, replies: readonly string[]): Reply {
  const texts = replies.map((reply) => reply.trim());
  switch (operation.kind) {
    case "add-server":
      return texts.length === 2 && texts[0] === "New server registered." && texts[1] === ""
        ? "done"
        : "diverged";
    case "delete-server":
      if (texts[0] === "Server deleted.") return "done";
      return /still has connections attached/.test(texts[0] ?? "") ? "later" : "diverged";
    default:
      return texts.length === 1 && texts[0] === "" ? "done" : "diverged";
  }
}
