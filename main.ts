import { runProgram } from "./lib/cli/program.ts";
import { systemTerminal } from "./lib/cli/terminal.ts";

Deno.exit(await runProgram(Deno.args, systemTerminal));
