import { VERSION } from "../version.ts";
import type { Terminal } from "./terminal.ts";

/** Runs the command line; answers with the exit code. `--version` alone loads neither the commands nor their settings. */
export async function start(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.length === 1 && args[0] === "--version") {
    const isPrinted = await terminal.out(`${VERSION}\n`).then(() => true, () => false);
    if (isPrinted) return 0;
  }
  // Where the version cannot be printed, the command line tries again, and reports the error as for every command.
  return await (await import("./program.ts")).runProgram(args, terminal);
}
