/** Starts the load generator, and reads what it found. */
import { fileURLToPath } from "node:url";
import type { LoadOrder, LoadResult } from "./load.ts";
import { inRealTime } from "./processor.ts";

/** A load that runs until it is told to end. */
export interface RunningLoad {
  /** Ends it, lets requests under way finish, and gives the result. */
  end(): Promise<LoadResult>;
}

/** Starts a load in a process of its own, so that what drives the faults cannot starve it. */
export function startLoad(order: LoadOrder): RunningLoad {
  const program = fileURLToPath(new URL("./load.ts", import.meta.url));
  const command = [Deno.execPath(), "run", "--quiet", "--no-check", "-A", program, JSON.stringify(order)];
  const [first = "", ...rest] = inRealTime(command);
  const child = new Deno.Command(first, {
    args: rest,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = new Response(child.stdout).json();
  output.catch(() => {});
  return {
    async end() {
      await child.stdin.close();
      return await output as LoadResult;
    },
  };
}
