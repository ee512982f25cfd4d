/** More descriptors than signalbox and its haproxy need; not more, since some programs close all that they may have. */
const ENOUGH = 65_536;

/**
 * Raises how many descriptors this process may have (soft limit) to what it may ask for (hard limit), by prlimit of
 * util-linux, since Deno cannot; 1,024 is the default. Nothing happens where there is no prlimit.
 */
export async function raiseDescriptorLimit(): Promise<void> {
  try {
    const given = await prlimit(["--nofile", "--raw", "--noheadings", "--output", "SOFT,HARD"]);
    const [soft, hard] = given.trim().split(/\s+/).map((word) =>
      word === "unlimited" ? Infinity : Number(word)
    );
    const wanted = Math.min(hard ?? 0, ENOUGH);
    if (wanted > (soft ?? 0)) await prlimit([`--nofile=${wanted}:`]);
  } catch {
    // It goes on with what it has.
  }
}

async function prlimit(args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command("prlimit", {
    args: ["--pid", `${Deno.pid}`, ...args],
    cwd: "/",
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}
