/** The processes of this machine, as /proc tells of them. */

/** A process: its id, its parent's, and its command line. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process whose command line names a folder, those that ended and wait for their parent left out. */
export async function processesNaming(folder: string): Promise<Process[]> {
  const found: Process[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    const [command, stat] = await Promise.all([read("cmdline"), read("stat")]);
    // The name in parentheses may hold anything; state and parent follow the last one.
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (!command.includes(folder) || state === "Z") continue;
    found.push({ pid: Number(name), parent: Number(parent), command: command.replaceAll("\0", " ").trim() });
  }
  return found;
}
