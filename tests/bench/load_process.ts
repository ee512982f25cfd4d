/** Starts the load generator, and reads what it found. */
import { fileURLToPath } from "node:url";
import type { LoadOrder, LoadResult } from "./load.ts";
import { inRealTime } from "./processor.ts";

/** A load that runs until it is told to end. */
export interface RunningLoad {
  /** Resolves once its first request was sent; rejects where it ended before. */
  readonly begun: Promise<void>;
  /** Ends it, lets requests under way finish, and gives the result. */
  end(): Promise<LoadResult>;
}

/** Runs what needs the load, and ends the load even where that fails: it has more weight than all others. */
export async function under<T>(
  load: RunningLoad,
  act: () => Promise<T>,
): Promise<{ readonly done: T; readonly result: LoadResult }> {
  try {
    await load.begun;
    const done = await act();
    return { done, result: await load.end() };
  } catch (error) {
    await load.end().catch(() => {});
    throw error;
  }
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
  const [early, whole] = child.stdout.tee();
  const begun = firstBytes(early);
  begun.catch(() => {});
  const output = new Response(whole).json();
  output.catch(() => {});
  return {
    begun,
    async end() {
      await child.stdin.close();
      return await output as LoadResult;
    },
  };
}

/** The load writes a blank line before its first request: JSON allows blanks before the result. */
async function firstBytes(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  const { done } = await reader.read();
  // Not awaited: a branch of a tee is cancelled once the other one is too.
  void reader.cancel();
  if (done) throw new Error("the load ended before its first request");
}
