import { start } from "./lib/cli/start.ts";
import { systemTerminal } from "./lib/cli/terminal.ts";

Deno.exit(await start(Deno.args, systemTerminal));
