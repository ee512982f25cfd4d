import { wrongUsage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** Where sockets and applied files lie when nobody says; throws a Failure where there is no such place. */
export function defaultStateDir(terminal: Terminal): string {
  if (Deno.uid() === 0) return "/run/signalbox";
  const runtime = terminal.env("XDG_RUNTIME_DIR");
  if (runtime !== undefined && runtime !== "") return `${runtime}/signalbox`;
  throw wrongUsage("cannot choose a state directory: XDG_RUNTIME_DIR is not set, expected --state-dir DIR");
}
