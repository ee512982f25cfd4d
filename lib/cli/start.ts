import { VERSION } from "../version.ts";
import type { Terminal } from "./terminal.ts";

/** Runs the command line; answers with the exit code. `--version` alone loads neither the commands nor their settings. */
export async function start(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.length !== 1 || args[0] !== "--version") {
    return await (await import("./program.ts")).runProgram(args, terminal);
  }
  try {
    await terminal.out(`${VERSION}\n`);
    return 0;
  } catch (error) {
    // As for every other command, a reader that has gone is no trouble of ours.
    if (error instanceof Deno.errors.BrokenPipe) return 1;
    throw error;
  }
}
